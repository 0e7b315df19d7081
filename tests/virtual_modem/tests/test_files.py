"""The file store: checksums, ACKs, space, and the errors of each command."""

from collections.abc import Callable
from pathlib import Path

import certifi
import pytest

from ..file_store import checksum
from ..observations import TransferEnd
from .conftest import Started
from .host import Host


@pytest.mark.parametrize(
    ("data", "printed"),
    [(b"", "0"), (b"a", "6100"), (b"ab", "6162"), (b"abc", "262"), (b"abcd", "206")],
)
def test_checksums_of_small_files(data: bytes, printed: str) -> None:
    """XOR of big-endian words, without padding."""
    assert checksum(data) == printed


def test_the_checksum_that_hardware_printed() -> None:
    """N: ISRG Root X1 as PEM, 1939 bytes, came out as 4f64 on an EG800K."""
    bundle = Path(certifi.where()).read_text("utf-8")
    _, _, after = bundle.partition('# Label: "ISRG Root X1"\n')
    begin = after.index("-----BEGIN")
    pem = after[begin : after.index("\n\n", begin)].strip().encode() + b"\n"
    assert (len(pem), checksum(pem)) == (1939, "4f64")


def _upload(host: Host, line: str, data: bytes) -> str:
    assert host.command(line) == "\r\nCONNECT\r\n"
    host.write(data)
    return host.read_until(b"OK\r\n", b"421\r\n").decode()


def test_an_upload_with_acks(modem_and_host: Started) -> None:
    """An A for each KiB, the last one glued to the answer; checksum and OK."""
    modem, host = modem_and_host
    data = bytes(range(256)) * 8
    host.command('AT+QFUPL="UFS:picture.jpg",2048,60,1')
    host.write(data[:1024])
    assert host.read_until(b"A") == b"A"
    host.write(data[1024:])
    assert host.read_until(b"OK\r\n").decode() == (
        f"A\r\n+QFUPL: 2048,{checksum(data)}\r\n\r\nOK\r\n"
    )
    assert modem.state().files[0].data == data


def test_a_partial_upload_stays_and_says_421(start: Callable[..., Started]) -> None:
    """N: the line of success first, then the error."""
    modem, host = start(settings={"shortest_patience": 0.1})
    answer = _upload(host, 'AT+QFUPL="part.txt",10,5', b"abc")
    assert answer == "\r\n+QFUPL: 3,262\r\n\r\n+CME ERROR: 421\r\n"
    assert host.lines("AT+QFLST") == ['+QFLST: "UFS:part.txt",3', "OK"]
    assert modem.transfers()[0].end is TransferEnd.TIMEOUT


def test_space_is_taken_in_blocks(start: Callable[..., Started]) -> None:
    """N: 280 KB of flash in blocks of 4 KB."""
    _, host = start(files={"one": b"x"})
    assert host.lines('AT+QFLDS="UFS"') == ["+QFLDS: 282624,286720", "OK"]
    assert host.lines('AT+QFUPL="large",282625') == ["+CME ERROR: 420"]
    host.ok('AT+QFDEL="one"')
    assert host.lines('AT+QFLDS="UFS"') == ["+QFLDS: 286720,286720", "OK"]


def test_a_file_that_fills_the_store_to_its_last_block_is_taken(
    start: Callable[..., Started],
) -> None:
    """N: 70 blocks, of which a file takes each that it begins."""
    _, host = start(files={"one": b"x" * 4097})
    data = b"y" * (286720 - 2 * 4096)
    answer = _upload(host, f'AT+QFUPL="rest",{len(data)},60', data)
    assert answer.startswith(f"\r\n+QFUPL: {len(data)},")
    assert host.lines('AT+QFLDS="UFS"') == ["+QFLDS: 0,286720", "OK"]
    assert host.lines('AT+QFUPL="more",1') == ["+CME ERROR: 420"]


def test_memory_is_no_part_of_the_flash(start: Callable[..., Started]) -> None:
    """Each storage is its own."""
    _, host = start(profile="EC25-E")
    assert _upload(host, 'AT+QFUPL="RAM:b",300000,60', b"y" * 300000).endswith("OK\r\n")
    assert host.lines('AT+QFOPEN="RAM:b",3') == ["+QFOPEN: 1", "OK"]
    assert _upload(host, "AT+QFWRITE=1,5000", b"z" * 5000).startswith(
        "\r\n+QFWRITE: 5000,305000"
    )
    assert host.lines('AT+QFLDS="UFS"') == ["+QFLDS: 286720,286720", "OK"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ('AT+QFUPL="there.txt",5', "+CME ERROR: 407"),
        ('AT+QFUPL="SD:new.txt",5', "+CME ERROR: 406"),
        ('AT+QFUPL="",5', "+CME ERROR: 406"),
        (f'AT+QFUPL="{"n" * 81}",5', "+CME ERROR: 406"),
        ('AT+QFUPL="new.txt",0', "+CME ERROR: 400"),
        ('AT+QFUPL="new.txt",5,70000', "+CME ERROR: 400"),
        ("AT+QFUPL=new.txt,5", "+CME ERROR: 400"),
        ('AT+QFDEL="new.txt"', "+CME ERROR: 405"),
        ('AT+QFDWL="new.txt"', "+CME ERROR: 405"),
        ("AT+QFREAD=1,5", "+CME ERROR: 416"),
        ('AT+QFOPEN="new.txt",2', "+CME ERROR: 405"),
    ],
)
def test_errors_have_their_codes(
    start: Callable[..., Started], line: str, answer: str
) -> None:
    """B's table."""
    _, host = start(files={"there.txt": b"x"})
    assert host.lines(line) == [answer]


@pytest.mark.parametrize("pattern", ["", '=""', '="*"', '="UFS:*"'])
def test_every_way_to_list_them(start: Callable[..., Started], pattern: str) -> None:
    """The note's empty name, and everyone else's star (1.0, point 6)."""
    _, host = start(files={"a.txt": b"x", "b.txt": b"yz"})
    assert host.lines(f"AT+QFLST{pattern}") == [
        '+QFLST: "UFS:a.txt",1',
        '+QFLST: "UFS:b.txt",2',
        "OK",
    ]


def test_download_gives_back_every_byte(start: Callable[..., Started]) -> None:
    """Between CONNECT and the checksum stands the file and nothing else."""
    data = bytes(range(256))
    _, host = start(files={"all": data})
    host.write(b'AT+QFDWL="all"\r')
    answer = host.read_until(b"\r\n\r\nOK\r\n")
    assert answer == (
        b"\r\nCONNECT\r\n"
        + data
        + f"\r\n+QFDWL: 256,{checksum(data)}\r\n\r\nOK\r\n".encode()
    )


def test_open_files_are_written_and_read_in_pieces(
    modem_and_host: Started,
) -> None:
    """QFOPEN, QFWRITE, QFSEEK, QFREAD, QFPOSITION, QFTUCAT, QFCLOSE."""
    modem, host = modem_and_host
    assert host.lines('AT+QFOPEN="log",0') == ["+QFOPEN: 1", "OK"]
    assert _upload(host, "AT+QFWRITE=1,5", b"hello").startswith("\r\n+QFWRITE: 5,5")
    assert _upload(host, "AT+QFWRITE=1,6", b" world").startswith("\r\n+QFWRITE: 6,11")
    host.ok("AT+QFSEEK=1,6,0")
    host.write(b"AT+QFREAD=1,100\r")
    assert host.read_until(b"OK\r\n") == b"\r\nCONNECT 5\r\nworld\r\nOK\r\n"
    assert host.lines("AT+QFPOSITION=1") == ["+QFPOSITION: 11", "OK"]
    host.ok("AT+QFSEEK=1,5,0", "AT+QFTUCAT=1")
    assert host.lines('AT+QFDEL="log"') == ["+CME ERROR: 426"]
    host.ok("AT+QFCLOSE=1")
    assert modem.state().files[0].data == b"hello"


def test_the_store_outlives_a_reboot_and_memory_does_not(
    start: Callable[..., Started],
) -> None:
    """UFS is flash, RAM is not."""
    modem, host = start(profile="EC25-E", files={"kept": b"1", "RAM:gone": b"2"})
    modem.reboot()
    host.read_until(b"RDY\r\n")
    assert [file.name for file in modem.state().files] == ["UFS:kept"]
