"""Packet service: QICSGP, QIACT and their kin, and the 3GPP commands beside them."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..packet import PdpError, error_text
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_LONGEST_APN = 100
_LONGEST_LOGIN = 127
_SHORTEST_INTERVAL = 30
_LONGEST_INTERVAL = 65535
_KINDS = {1: "IP", 2: "IPV6", 3: "IPV4V6"}

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+QICSGP")
def qicsgp(modem: Modem, call: Call) -> None:
    """APN and log-in of a context."""
    contexts, highest = modem.profile.contexts, 3 if modem.profile.auth3 else 2
    if call.form is Form.TEST:
        call.info(
            f"+QICSGP: (1-{contexts}),(1-3),<APN>,<username>,<password>,(0-{highest})"
        )
        return
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    cid = call.number(0, 1, contexts)
    context = modem.packet.context(cid)
    if call.count(1, 6) == 1:
        call.info(
            f'+QICSGP: {context.kind},"{context.apn}","{context.user}",'
            f'"{context.password}",{context.authentication}'
        )
        return
    kind = call.number(1, 1, 3)
    apn = call.string(2, _LONGEST_APN)
    user = call.string(3, _LONGEST_LOGIN, "")
    password = call.string(4, _LONGEST_LOGIN, "")
    authentication = call.number(5, 0, highest, 0)
    context.kind, context.apn = kind, apn
    context.user, context.password = user, password
    context.authentication = authentication


@_command("+QIACT")
async def qiact(modem: Modem, call: Call) -> None:
    """Activate a context; the active ones."""
    match call.form:
        case Form.TEST:
            call.info(f"+QIACT: (1-{modem.profile.contexts})")
        case Form.READ:
            for cid, context in sorted(modem.packet.contexts.items()):
                if context.active:
                    addresses = modem.packet.addresses(context)
                    listed = "".join(f',"{address}"' for address in addresses)
                    call.info(f"+QIACT: {cid},1,{context.kind}{listed}")
        case Form.WRITE:
            cid = call.number(0, 1, modem.profile.contexts)
            try:
                await modem.packet.activate(cid)
            except PdpError as error:
                modem.packet.last_error = error.code
                raise AtError(PLAIN_ERROR) from error
            modem.packet.last_error = 0
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+QIDEACT")
async def qideact(modem: Modem, call: Call) -> None:
    """Deactivate a context."""
    if call.form is Form.TEST:
        call.info(f"+QIDEACT: (1-{modem.profile.contexts})")
        return
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    try:
        await modem.packet.deactivate(call.number(0, 1, modem.profile.contexts))
    except PdpError as error:
        modem.packet.last_error = error.code
        raise AtError(PLAIN_ERROR) from error


@_command("+QIGETERROR")
def qigeterror(modem: Modem, call: Call) -> None:
    """Why the last TCP/IP command failed."""
    if call.form is not Form.TEST:
        code = modem.packet.last_error
        text = error_text(code, modem.settings.error_numbers)
        call.info(f"+QIGETERROR: {code},{text}")


@_command("+CGATT")
async def cgatt(modem: Modem, call: Call) -> None:
    """Attachment to the packet service."""
    packet = modem.packet
    match call.form:
        case Form.TEST:
            call.info("+CGATT: (0,1)")
        case Form.READ:
            call.info(f"+CGATT: {int(packet.attached)}")
        case Form.WRITE:
            wanted = call.number(0, 0, 1)
            await modem.sleep(modem.settings.attach_seconds)
            before = (modem.radio.status, packet.attached)
            packet.detached = not wanted
            if wanted:
                modem.radio.attach()
                packet.detached = not modem.radio.registered
            modem.radio_changed(*before)
            if wanted and packet.detached:
                raise AtError(PLAIN_ERROR)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CGACT")
def cgact(modem: Modem, call: Call) -> None:
    """Contexts as the network knows them, which QIACT? need not agree with (N)."""
    match call.form:
        case Form.TEST:
            call.info("+CGACT: (0,1)")
        case Form.READ:
            for cid, carries in modem.packet.bearers():
                call.info(f"+CGACT: {cid},{int(carries)}")
        case Form.WRITE:
            state, cid = call.number(0, 0, 1), call.number(1, 1, 16)
            if state == 0:
                if modem.packet.context(cid).dialled:
                    raise AtError(PLAIN_ERROR)
                modem.packet.release(cid)
            elif modem.packet.attached:
                modem.packet.context(cid).by_cgact = True
            else:
                raise AtError(PLAIN_ERROR)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CGPADDR")
def cgpaddr(modem: Modem, call: Call) -> None:
    """Addresses of contexts."""
    if call.form is Form.TEST:
        return
    wanted = call.number(0, 1, 16) if call.form is Form.WRITE else None
    for cid, carries in modem.packet.bearers():
        if wanted in (None, cid):
            context = modem.packet.contexts.get(cid)
            address = "0.0.0.0"
            if carries and context is not None:
                address = modem.packet.addresses(context)[0]
            call.info(f'+CGPADDR: {cid},"{address}"')


@_command("+CGDCONT")
def cgdcont(modem: Modem, call: Call) -> None:
    """The 3GPP form of QICSGP, without log-in."""
    match call.form:
        case Form.TEST:
            for kind in _KINDS.values():
                call.info(f'+CGDCONT: (1-16),"{kind}",,,(0-2),(0-4)')
        case Form.READ:
            for cid, context in sorted(modem.packet.contexts.items()):
                kind = _KINDS[context.kind]
                call.info(f'+CGDCONT: {cid},"{kind}","{context.apn}","0.0.0.0",0,0')
        case Form.WRITE:
            context = modem.packet.context(call.number(0, 1, 16))
            name = call.string(1, default="IP").upper()
            kinds = {text: number for number, text in _KINDS.items()}
            if name not in kinds:
                raise AtError(PLAIN_ERROR)
            context.kind = kinds[name]
            context.apn = call.string(2, _LONGEST_APN, "")
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+QGDCNT")
def qgdcnt(modem: Modem, call: Call) -> None:
    """The bytes that went over the network: tell, reset or save them."""
    match call.form:
        case Form.TEST:
            call.info("+QGDCNT: (0,1)")
        case Form.READ:
            now = modem.counter.now
            call.info(f"+QGDCNT: {now.sent},{now.received}")
        case Form.WRITE:
            if call.number(0, 0, 1):
                modem.counter.save()
            else:
                modem.counter.clear()
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+QAUGDCNT")
def qaugdcnt(modem: Modem, call: Call) -> None:
    """Seconds between two savings of QGDCNT's counts; 0: none."""
    match call.form:
        case Form.TEST:
            call.info(f"+QAUGDCNT: (0,{_SHORTEST_INTERVAL}-{_LONGEST_INTERVAL})")
        case Form.READ:
            call.info(f"+QAUGDCNT: {modem.counter.interval}")
        case Form.WRITE:
            seconds = call.number(0, 0, _LONGEST_INTERVAL)
            if 0 < seconds < _SHORTEST_INTERVAL:
                raise AtError(PLAIN_ERROR)
            modem.counter.save_every(seconds)
        case _:
            raise AtError(PLAIN_ERROR)
