"""AT+QF...: the file store (FILE manual, as far as its facts are known)."""

from typing import TYPE_CHECKING

from ..errors import FILE_INVALID_INPUT, FILE_TIMEOUT, PLAIN_ERROR, AtError
from ..file_store import checksum
from ..observations import TransferEnd
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_DEFAULT_SIZE = 10240
_DEFAULT_TIME = 5
_LONGEST_TIME = 65535
_LARGEST = 1 << 20
_LONGEST_NAME = 90

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


def _begin(call: Call) -> bool:
    """Whether there is anything to do; the test forms only answer OK."""
    call.wrong = FILE_INVALID_INPUT
    return call.form is not Form.TEST


@_command("+QFLDS")
def qflds(modem: Modem, call: Call) -> None:
    """Free and total bytes."""
    if _begin(call):
        if call.form is Form.WRITE and call.string(0).upper() != "UFS":
            raise AtError(FILE_INVALID_INPUT)
        call.info(f"+QFLDS: {modem.files.free()},{modem.files.total()}")


@_command("+QFLST")
def qflst(modem: Modem, call: Call) -> None:
    """Names and sizes."""
    if _begin(call):
        pattern = call.string(0, _LONGEST_NAME) if call.form is Form.WRITE else "*"
        for name in modem.files.matching(pattern):
            call.info(f'+QFLST: "{name}",{len(modem.files.files[name])}')


@_command("+QFDEL")
def qfdel(modem: Modem, call: Call) -> None:
    """Delete one or all."""
    if _begin(call):
        modem.files.delete(call.string(0, _LONGEST_NAME))


@_command("+QFUPL")
async def qfupl(modem: Modem, call: Call) -> None:
    """Upload, in data mode, with an ACK for each KiB if asked for."""
    if call.form is Form.TEST:
        free = modem.files.free()
        call.info(f"+QFUPL: <filename>,(1-{free}),(1-{_LONGEST_TIME}),(0,1)")
        return
    _begin(call)
    call.count(1, 4)
    name = call.string(0)
    size = call.number(1, 1, _LARGEST, _DEFAULT_SIZE)
    time = call.number(2, 1, _LONGEST_TIME, _DEFAULT_TIME)
    ack = call.number(3, 0, 1, 0) == 1
    full = modem.files.reserve(name, size)
    idle = modem.settings.upload_timer == "idle"
    data, end = await call.receive(size, time, ack=ack, idle=idle)
    modem.files.put(full, data)
    call.info(f"+QFUPL: {len(data)},{checksum(data)}")
    if end is TransferEnd.TIMEOUT:
        # N: the line of success, then the error; the file is there
        raise AtError(FILE_TIMEOUT)


@_command("+QFDWL")
def qfdwl(modem: Modem, call: Call) -> None:
    """Download."""
    if _begin(call):
        data = modem.files.files[modem.files.existing(call.string(0))]
        call.output("CONNECT", data)
        call.info(f"+QFDWL: {len(data)},{checksum(data)}")


@_command("+QFOPEN")
def qfopen(modem: Modem, call: Call) -> None:
    """Open; or the open files."""
    if not _begin(call):
        return
    if call.form is Form.READ:
        for number, file in modem.files.open_files.items():
            mode = 2 if file.read_only else 0
            call.info(f'+QFOPEN: "{file.name}",{number},{mode}')
        return
    name, mode = call.string(0, _LONGEST_NAME), call.number(1, 0, 3, 0)
    call.info(f"+QFOPEN: {modem.files.open(name, mode)}")


@_command("+QFREAD")
def qfread(modem: Modem, call: Call) -> None:
    """Read from an open file."""
    if _begin(call):
        size = call.number(1, 1, _LARGEST) if call.given(1) else None
        data = modem.files.read(call.number(0, 0, _LARGEST), size)
        call.output(f"CONNECT {len(data)}", data)


@_command("+QFWRITE")
async def qfwrite(modem: Modem, call: Call) -> None:
    """Write to an open file, in data mode."""
    if _begin(call):
        number = call.number(0, 0, _LARGEST)
        modem.files.descriptor(number)
        size = call.number(1, 1, _LARGEST, _DEFAULT_SIZE)
        time = call.number(2, 1, _LONGEST_TIME, _DEFAULT_TIME)
        data, _ = await call.receive(size, time)
        total = modem.files.write(number, data)
        call.info(f"+QFWRITE: {len(data)},{total}")


@_command("+QFSEEK")
def qfseek(modem: Modem, call: Call) -> None:
    """Move the position."""
    if _begin(call):
        offset = call.number(1, 0, _LARGEST)
        origin = call.number(2, 0, 2, 0)
        modem.files.seek(call.number(0, 0, _LARGEST), offset, origin)


@_command("+QFPOSITION")
def qfposition(modem: Modem, call: Call) -> None:
    """Tell the position."""
    if _begin(call):
        file = modem.files.descriptor(call.number(0, 0, _LARGEST))
        call.info(f"+QFPOSITION: {file.position}")


@_command("+QFTUCAT")
def qftucat(modem: Modem, call: Call) -> None:
    """Cut a file off."""
    if _begin(call):
        modem.files.truncate(call.number(0, 0, _LARGEST))


@_command("+QFCLOSE")
def qfclose(modem: Modem, call: Call) -> None:
    """Close a file."""
    if not _begin(call):
        return
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    number = call.number(0, 0, _LARGEST)
    modem.files.descriptor(number)
    del modem.files.open_files[number]
