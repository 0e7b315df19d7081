"""Rule 15: what a firmware can do is asked, never guessed from its name."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.errors import OldGsmModemError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.at.syntax import allows, choices
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.profile import Profile, probe
from tests.modem.scripted_port import ERROR, OK, ScriptedPort, frame, open_port
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem

SMTP = '+QSMTPCFG: "smtpserver",<srvaddr>,<srvport>'


def answering(**answers: bytes) -> ScriptedPort:
    """Return a port with these test commands, and no other that we ask for."""
    port = open_port()
    for name in ("QSMTPCFG", "QSMTPSRV", "QSSLCFG", "QFUPL", "QICSGP"):
        port.answers[f"AT+{name}=?"] = answers.get(name, ERROR)
    return port


@pytest.mark.parametrize("answer", [ERROR, OK, frame('+QSMTPCFG: "something else"')])
@virtual_time
async def test_a_firmware_without_smtp_commands_has_no_mail_client(
    answer: bytes,
) -> None:
    assert not (await probe(answering(QSMTPCFG=answer).channel)).has_mail_client


@virtual_time
async def test_a_gsm_module_is_refused_as_what_it_is() -> None:
    with pytest.raises(OldGsmModemError):
        await probe(answering(QSMTPSRV=OK).channel)


@virtual_time
async def test_a_firmware_that_tells_nothing_more_is_the_reference_model() -> None:
    found = await probe(answering(QSMTPCFG=frame(SMTP)).channel)
    assert found == Profile()
    assert found.has_mail_client


@virtual_time
async def test_a_firmware_that_names_no_tls_setting_lacks_none_for_that() -> None:
    """Without ``sni``, a server that shares its address shows another's certificate."""
    numbers = frame("+QSSLCFG: (0-5),(0-4)")
    found = await probe(answering(QSMTPCFG=frame(SMTP), QSSLCFG=numbers).channel)
    assert found.tls_settings is None


@pytest.mark.parametrize(
    ("versions", "version"),
    [("0-4", 3), ("0-5", 3), ("3", 3), ("4", 4), ("0-2,4", 4), ("", 3)],
)
@virtual_time
async def test_tls_1_2_is_asked_for_where_the_firmware_has_it(
    versions: str, version: int
) -> None:
    answer = f'+QSSLCFG: "sslversion",(0-5),({versions})'
    port = answering(QSMTPCFG=frame(SMTP), QSSLCFG=frame(answer))
    assert (await probe(port.channel)).tls_version == version


@virtual_time
async def test_each_difference_is_read_from_its_test_command() -> None:
    port = answering(
        QSMTPCFG=frame(SMTP, '+QSMTPCFG: "bodyoriginal",(0,1)'),
        QSSLCFG=frame(
            '+QSSLCFG: "sni",(0-5),(0,1)', '+QSSLCFG: "seclevel",(0-5),(0-2)'
        ),
        QFUPL=frame("+QFUPL: <filename>,(1-286720),(1-65535),(0)"),
        QICSGP=frame("+QICSGP: (1-7),(1-3),<APN>,<username>,<password>,(0-3)"),
    )
    assert await probe(port.channel) == Profile(
        has_body_original=True,
        tls_settings=frozenset({"sni", "seclevel"}),
        can_acknowledge=False,
        highest_context=7,
        highest_authentication=3,
    )


@virtual_time
async def test_an_answer_without_numbers_is_the_reference_model() -> None:
    port = answering(
        QSMTPCFG=frame(SMTP),
        QICSGP=frame("+QICSGP: <context>,<auth>", "+QICSGP:"),
        QFUPL=frame("+QFUPL:"),
    )
    found = await probe(port.channel)
    assert (found.highest_context, found.highest_authentication) == (16, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("EC200M-CN", (16, 2, True)),
        ("EC200N-CN", (16, 2, True)),
        ("EC800M-CN", (16, 2, True)),
        ("EC800N-CN", (16, 2, True)),
        ("EC200U-EU", (7, 3, True)),
        ("EC25-E", (16, 3, False)),
        ("EG91-E", (16, 3, True)),
    ],
)
async def test_every_family_is_told_by_what_it_answers(
    name: str, expected: tuple[int, int, bool]
) -> None:
    async with VirtualModem(profile=name) as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        found = await modem.profile()
        await modem.close()
    assert (
        found.highest_context,
        found.highest_authentication,
        found.has_body_original,
    ) == expected
    assert found.tls_version == 3
    assert found.tls_settings is not None
    assert {"cacert", "ignorelocaltime", "sni"} <= found.tls_settings
    assert {"seclevel", "seclvl"} & found.tls_settings


async def test_a_gsm_module_is_refused_by_each_question_about_its_ways() -> None:
    async with VirtualModem(profile="M66") as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        with pytest.raises(OldGsmModemError):
            await modem.has_mail_client()
        await modem.close()


async def test_a_module_without_a_mail_client_serves_by_its_tcp_commands() -> None:
    async with VirtualModem(profile="EG800K-CN") as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        assert not await modem.has_mail_client()
        await modem.close()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('+QSSLCFG: "sni",(0-5),(0,1)', ("sni", "0-5", "0,1")),
        ("+QFUPL: <filename>,(1-10),(0,1)", ("<filename>", "1-10", "0,1")),
        ("+X: 1, 2", ("1", "2")),
        ("+X:", ()),
        ("no colon", ()),
    ],
)
def test_a_test_commands_groups_are_kept_whole(
    line: str, found: tuple[str, ...]
) -> None:
    assert choices(line) == found


@pytest.mark.parametrize(
    ("group", "value", "allowed"),
    [
        ("0-5", 5, True),
        ("0-5", 6, False),
        ("0,1,7-9", 8, True),
        ("0,1,7-9", 2, False),
        ("", 0, False),
        ("a-b", 0, False),
        ("1-", 1, False),
    ],
)
def test_a_group_allows_its_numbers(group: str, value: int, allowed: bool) -> None:
    assert allows(group, value) is allowed


@given(st.text())
def test_any_text_can_be_taken_apart(text: str) -> None:
    for group in choices(f"+X: {text}"):
        allows(group, 1)
