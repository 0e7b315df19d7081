"""The modem's file store: what is stored is what was sent, or nothing is."""

from dataclasses import replace
from pathlib import Path

import certifi
from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.codes import FileError
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    DataModeError,
    InvalidValueError,
    ModemError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.mail import files, tls
from custom_components.quectel_smtp.modem.mail.files import StoredFile, checksum
from custom_components.quectel_smtp.modem.network.profile import Profile
from tests.modem.scripted_port import (
    ERROR,
    OK,
    Data,
    ScriptedPort,
    cme,
    frame,
    open_port,
)
from tests.modem.virtual_time import virtual_time

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
LIST = 'AT+QFLST="*"'


def isrg_root_x1() -> bytes:
    """Return the PEM of ISRG Root X1 as its issuer publishes it."""
    bundle = Path(certifi.where()).read_text(encoding="utf-8")
    parts = bundle.split("# Issuer: ")
    (part,) = (part for part in parts if part.startswith("CN=ISRG Root X1 "))
    return part[part.index("-----BEGIN") :].strip().encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"a", 0x6100),
        (b"ab", 0x6162),
        (b"abc", 0x262),
        (b"abcd", 0x206),
    ],
)
def test_the_checksum_is_the_xor_of_words_with_an_odd_byte_high(
    data: bytes, expected: int
) -> None:
    assert checksum(data) == expected


def test_the_checksum_of_a_certificate_is_what_hardware_printed() -> None:
    pem = isrg_root_x1()
    assert len(pem) == 1939
    assert checksum(pem) == 0x4F64


@given(st.binary(max_size=200))
def test_the_checksum_is_that_of_adding_word_by_word(data: bytes) -> None:
    total = 0
    for index in range(0, len(data), 2):
        total ^= int.from_bytes(data[index : index + 2].ljust(2, b"\0"))
    assert checksum(data) == total


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_the_checksum_of_even_parts_is_their_xor(first: bytes, second: bytes) -> None:
    even = first + b"\0" * (len(first) % 2)
    assert checksum(even + second) == checksum(even) ^ checksum(second)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (OK, ()),
        (b"\r\n+CME ERROR: 405\r\n", ()),
        (
            frame('+QFLST: "UFS:a.pem",1939', '+QFLST: "b, c",2', "+QFLST: x"),
            (StoredFile("a.pem", 1939), StoredFile("b, c", 2)),
        ),
    ],
)
@virtual_time
async def test_files_are_listed_without_their_storage(
    answer: bytes, found: tuple[StoredFile, ...]
) -> None:
    port = open_port()
    port.answers[LIST] = answer
    assert await files.listing(port.channel) == found


@virtual_time
async def test_a_store_that_can_not_be_listed_is_an_error() -> None:
    port = open_port()
    port.answers[LIST] = b"\r\n+CME ERROR: 417\r\n"
    with pytest.raises(CommandError):
        await files.listing(port.channel)


@pytest.mark.parametrize("answer", [OK, b"\r\n+CME ERROR: 405\r\n"])
@virtual_time
async def test_a_file_is_gone_after_its_deletion(answer: bytes) -> None:
    port = open_port()
    port.answers['AT+QFDEL="UFS:a"'] = answer
    await files.delete(port.channel, "a")
    assert port.lines == ['AT+QFDEL="UFS:a"']


@virtual_time
async def test_a_file_that_can_not_be_deleted_is_an_error() -> None:
    port = open_port()
    port.answers['AT+QFDEL="UFS:a"'] = b"\r\n+CME ERROR: 418\r\n"
    with pytest.raises(CommandError) as caught:
        await files.delete(port.channel, "a")
    assert caught.value.code is FileError.DELETE


def upload_port(data: bytes, then: bytes) -> ScriptedPort:
    """Return a port that takes ``data`` as the file ``a``."""
    port = open_port()
    seconds = 60 + len(data) // 1000
    line = f'AT+QFUPL="UFS:a",{len(data)},{seconds},1'
    port.answers[line] = Data(len(data), then, acknowledge=True)
    return port


@pytest.mark.parametrize("size", [1, 3, 1024, 3000])
@pytest.mark.parametrize("form", ["{:x}", "{:04X}"])
@virtual_time
async def test_an_upload_is_compared_by_size_and_checksum(size: int, form: str) -> None:
    data = bytes(index % 251 for index in range(size))
    port = upload_port(data, frame(f"+QFUPL: {size},{form.format(checksum(data))}"))
    await files.upload(port.channel, "a", data)
    assert port.taken == [data]
    assert len(port.lines) == 1


@pytest.mark.parametrize(
    ("then", "error"),
    [
        (frame("+QFUPL: 2,6162"), DataModeError),
        (frame("+QFUPL: 3,263"), DataModeError),
        (frame("+QFUPL: 3,zz"), UnexpectedAnswerError),
        (frame("+QFUPL: 3"), UnexpectedAnswerError),
        (OK, UnexpectedAnswerError),
        (b"\r\n+CME ERROR: 409\r\n", CommandError),
    ],
)
@virtual_time
async def test_a_partial_upload_does_not_stay(
    then: bytes, error: type[ModemError]
) -> None:
    port = upload_port(b"abc", then)
    port.answers["AT+CGSN"] = frame("861234567890123")
    with pytest.raises(error):
        await files.upload(port.channel, "a", b"abc")
    assert port.lines[-1] == 'AT+QFDEL="UFS:a"'


@pytest.mark.parametrize("code", ["407", "424", "file already exist"])
@virtual_time
async def test_a_file_that_is_there_already_is_neither_replaced_nor_deleted(
    code: str,
) -> None:
    port = open_port()
    port.answers['AT+QFUPL="UFS:a",3,60,1'] = cme(code)
    with pytest.raises(CommandError) as caught:
        await files.upload(port.channel, "a", b"abc")
    assert caught.value.code in (FileError.EXISTS, FileError.EXISTS_AGAIN)
    assert len(port.lines) == 1


@virtual_time
async def test_a_firmware_without_acknowledgements_takes_a_file_without_them() -> None:
    port = open_port()
    data = bytes(3000)
    port.answers['AT+QFUPL="UFS:a",3000,63,0'] = Data(3000, frame("+QFUPL: 3000,0"))
    await files.upload(port.channel, "a", data, acknowledged=False)
    assert port.taken == [data]


@pytest.mark.parametrize(
    ("size", "taken"), [(1, 4096), (4096, 4096), (4097, 8192), (200_000, 200_704)]
)
def test_a_file_takes_whole_blocks_of_the_store(size: int, taken: int) -> None:
    assert files.space(size) == taken


@pytest.mark.parametrize("name", ["x" * 80, 'a"', "ä"])
@virtual_time
async def test_a_name_that_no_command_can_carry_is_refused(name: str) -> None:
    port = open_port()
    with pytest.raises(InvalidValueError):
        await files.upload(port.channel, name, b"a")
    assert port.lines == []


@pytest.mark.parametrize("pem", ["", "nonsense", PEM + "ü"])
def test_what_is_no_certificate_is_refused(pem: str) -> None:
    with pytest.raises(InvalidValueError):
        tls.TlsSettings(pem)


def lines(settings: tls.TlsSettings, profile: Profile) -> list[tuple[str, ...]]:
    """Return the spellings of each setting."""
    return [setting.spellings for setting in tls.commands(settings, profile)]


def test_an_unverified_server_needs_no_certificate_and_checks_no_clock() -> None:
    settings = tls.TlsSettings()
    assert settings.ca_file is None
    assert lines(settings, Profile()) == [
        ('AT+QSSLCFG="sslversion",1,3',),
        ('AT+QSSLCFG="ciphersuite",1,0XFFFF',),
        ('AT+QSSLCFG="seclevel",1,0', 'AT+QSSLCFG="seclvl",1,0'),
        ('AT+QSSLCFG="ignorelocaltime",1,1',),
        ('AT+QSSLCFG="checkhost",1,0',),
        ('AT+QSSLCFG="sni",1,1',),
        ('AT+QSSLCFG="negotiatetime",1,60',),
    ]


def test_a_verified_server_is_checked_against_its_root_its_name_and_the_clock() -> None:
    settings = tls.TlsSettings(PEM)
    assert lines(settings, Profile())[2:6] == [
        (f'AT+QSSLCFG="cacert",1,"UFS:{settings.ca_file}"',),
        ('AT+QSSLCFG="seclevel",1,1', 'AT+QSSLCFG="seclvl",1,1'),
        ('AT+QSSLCFG="ignorelocaltime",1,0',),
        ('AT+QSSLCFG="checkhost",1,1',),
    ]


def test_what_the_firmware_knows_is_set_and_nothing_else() -> None:
    known = frozenset({"sni", "negotiatetime"})
    profile = Profile(tls_settings=known, tls_version=4)
    found = lines(tls.TlsSettings(), profile)
    assert found[0] == ('AT+QSSLCFG="sslversion",1,4',)
    assert found[3:] == [
        ('AT+QSSLCFG="sni",1,1',),
        ('AT+QSSLCFG="negotiatetime",1,60',),
    ]


@virtual_time
async def test_without_a_certificate_nothing_is_stored() -> None:
    port = open_port()
    await tls.store_ca(port.channel, tls.TlsSettings())
    assert port.lines == []


@virtual_time
async def test_a_certificate_that_is_stored_already_stays_and_older_ones_go() -> None:
    settings = tls.TlsSettings(PEM)
    port = open_port()
    port.answers[LIST] = frame(
        f'+QFLST: "UFS:{settings.ca_file}",{len(PEM)}',
        '+QFLST: "UFS:qsmtp_ca_old.pem",7',
        '+QFLST: "UFS:users.pem",7',
    )
    await tls.store_ca(port.channel, settings)
    assert port.lines == [LIST, 'AT+QFDEL="UFS:qsmtp_ca_old.pem"']


@virtual_time
async def test_a_certificate_of_another_size_is_stored_anew() -> None:
    settings = tls.TlsSettings(PEM)
    data = PEM.encode()
    port = open_port()
    port.answers[LIST] = frame(f'+QFLST: "UFS:{settings.ca_file}",3')
    line = f'AT+QFUPL="UFS:{settings.ca_file}",{len(data)},60,1'
    port.answers[line] = Data(
        len(data), frame(f"+QFUPL: {len(data)},{checksum(data):x}"), acknowledge=True
    )
    await tls.store_ca(port.channel, settings)
    assert port.taken == [data]


@virtual_time
async def test_a_setting_is_spelt_as_the_firmware_takes_it() -> None:
    port = open_port()
    port.answers["AT+A"] = ERROR
    first = tls.TlsSetting("a", ("AT+A", "AT+B"), required=True)
    await tls.configure(port.channel, first)
    await tls.configure(port.channel, replace(first, spellings=("AT+C", "AT+B")))
    assert port.lines == ["AT+A", "AT+B", "AT+C"]
    port.answers["AT+B"] = ERROR
    with pytest.raises(CommandError):
        await tls.configure(port.channel, first)
    # What can be done without may be refused.
    await tls.configure(port.channel, replace(first, required=False))


@pytest.mark.parametrize(
    ("pem", "listed", "required"),
    [
        (PEM, frozenset({"ignorelocaltime", "checkhost", "sni"}), True),
        (PEM, frozenset({"sni"}), False),
        (PEM, None, False),
        (None, frozenset({"ignorelocaltime", "checkhost", "sni"}), False),
    ],
)
def test_only_what_a_certificate_rests_on_and_the_firmware_lists_is_required(
    pem: str | None, listed: frozenset[str] | None, required: bool
) -> None:
    found = {
        setting.name: setting.required
        for setting in tls.commands(tls.TlsSettings(pem), Profile(tls_settings=listed))
    }
    assert found["ignorelocaltime"] is found["checkhost"] is required
    assert not found["sni"]
    always = ("sslversion", "ciphersuite", "seclevel", *(("cacert",) if pem else ()))
    assert all(found[name] for name in always)


def test_a_command_owns_nothing_by_itself() -> None:
    assert not Command("AT").owns("anything")
