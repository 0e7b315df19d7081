"""By which way emails go where that is left to us: what one can't do, the other does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import (
    Options,
    Reason,
    State,
    Transition,
    Way,
)
from custom_components.quectel_smtp.delivery.rules.cutting import wrap
from custom_components.quectel_smtp.delivery.rules.fit import fit
from custom_components.quectel_smtp.delivery.rules.way import prefers_stream
from custom_components.quectel_smtp.modem.mail.server import Security
from tests.delivery.bench import (
    OPEN_LINE,
    PUT_LINE,
    SENT,
    SETTINGS,
    Office,
    email,
    result,
)
from tests.delivery.talking_modem import STREAM_LINE, TalkingModem
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import virtual_time

HOUR = 3600.0


pytestmark = pytest.mark.usefixtures("no_threads")


@pytest.fixture
def modem() -> TalkingModem:
    """Return a modem that can do both."""
    return TalkingModem()


@pytest.fixture
def office(tmp_path: Path, modem: TalkingModem) -> Office:
    """Return a courier's office with an empty outbox."""
    return Office(tmp_path, modem)


def ways(office: Office) -> list[Way]:
    """By which ways emails were sent, in order."""
    return [
        one.finding.way
        for one in office.transitions
        if one.state is State.SENT and one.finding is not None
    ]


def last(office: Office) -> Transition:
    """What was told last."""
    return office.transitions[-1]


@virtual_time
async def test_an_email_goes_by_the_modem_s_client_where_that_can_carry_it(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.MODULE]
        assert STREAM_LINE not in modem.lines


@virtual_time
async def test_a_modem_without_a_mail_client_sends_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers["AT+QSMTPCFG=?"] = ERROR
    modem.answers["AT+QSMTPSRV=?"] = ERROR
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.STREAM]
        assert len(modem.office.received) == 1


@virtual_time
async def test_a_modem_without_a_mail_client_sends_by_the_stream_whatever_is_chosen(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers["AT+QSMTPCFG=?"] = ERROR
    modem.answers["AT+QSMTPSRV=?"] = ERROR
    office.settings = replace(SETTINGS, options=Options(way=Way.MODULE))
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.STREAM]


@pytest.mark.parametrize(
    "found",
    [
        email(body="x" * 50 + "\n" + "y" * 12_000),
        Email("", "Body", tuple(f"a{number}@example.com" for number in range(25))),
        Email("", "Body", ("x" * 39 + "@example.com",)),
    ],
    ids=["text", "recipients", "address"],
)
@virtual_time
async def test_what_is_too_much_for_the_modem_s_client_goes_whole_by_the_stream(
    office: Office, modem: TalkingModem, found: Email
) -> None:
    async with office.at_work():
        assert await office.send(found) is State.SENT
        assert ways(office) == [Way.STREAM]
        (content,) = modem.office.received
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        text = message.get_content().replace("\r\n", "\n")
        assert text.startswith(wrap(found.body))
        assert tuple(one.addr_spec for one in message["To"].addresses) == found.to
        assert modem.sends == 0


@virtual_time
async def test_where_the_modem_s_client_is_chosen_a_long_text_is_fitted_to_it(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.MODULE))
    modem.answers['AT+QFLDS="UFS"'] = ERROR
    async with office.at_work():
        assert await office.send(email("Long", body="y" * 12_000)) is State.SENT
        assert ways(office) == [Way.MODULE]
        (body,) = modem.bodies
        assert 10_000 < len(body) <= 10_240


@virtual_time
async def test_more_addresses_than_the_modem_s_client_takes_go_in_several_emails(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.MODULE))
    to = tuple(f"a{number}@example.com" for number in range(45))
    async with office.at_work():
        assert await office.send(Email("", "Body", to)) is State.SENT
        assert modem.sends == 3
        told = [line for line in modem.lines if line.startswith("AT+QSMTPDST=1")]
        assert told == [f'AT+QSMTPDST=1,1,"{address}"' for address in to]


LONG_ADDRESS = "x" * 39 + "@example.com"


@virtual_time
async def test_an_address_that_is_too_long_for_the_modem_s_client_goes_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.MODULE))
    async with office.at_work():
        found = Email("", "Body", ("a@example.com", LONG_ADDRESS))
        assert await office.send(found) is State.SENT
        assert modem.sends == 1
        (content,) = modem.office.received
        message = message_from_bytes(content, policy=policy.default)
        assert message["To"] == LONG_ADDRESS


@virtual_time
async def test_an_address_that_no_way_can_carry_is_named_and_the_others_get_it(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.MODULE))
    modem.answers["AT+QISEND=?"] = ERROR
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        found = Email("", "Body", ("a@example.com", LONG_ADDRESS, "b@example.com"))
        assert await office.send(found) is State.PARTLY_SENT
        assert modem.sends == 2
        finding = last(office).finding
        assert finding is not None
        assert (finding.address, finding.code) == (LONG_ADDRESS, 681)


@virtual_time
async def test_what_the_stream_fails_to_send_is_fitted_to_the_modem_s_client(
    office: Office, modem: TalkingModem
) -> None:
    """Better cut than not at all."""
    modem.answers[STREAM_LINE] = OK + b"\r\n+QIOPEN: 10,566\r\n"
    modem.answers['AT+QFLDS="UFS"'] = ERROR
    async with office.at_work():
        assert await office.send(email(body="y" * 12_000)) is State.SENT
        assert ways(office) == [Way.MODULE]
        (body,) = modem.bodies
        assert "…" in body


@virtual_time
async def test_hidden_addresses_beside_others_go_by_the_stream_as_one_email(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work():
        assert await office.send(email(bcc=("b@example.com",))) is State.SENT
        assert ways(office) == [Way.STREAM]
        (content,) = modem.office.received
        assert b"b@example.com" not in content
        assert modem.sends == 0


@virtual_time
async def test_an_account_with_starttls_goes_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    """The modem's client may go on in clear text; ours does not."""
    server = replace(SETTINGS.server, security=Security.STARTTLS)
    office.settings = replace(SETTINGS, server=server)
    async with office.at_work():
        found = email()
        await office.courier.submit(found)
        await office.until(lambda: State.HELD in office.states_of(found))
        assert last(office).reason is Reason.CERTIFICATE
        assert last(office).finding is not None
        assert modem.office.logins == []
        assert modem.sends == 0


@virtual_time
async def test_tls_that_only_the_stream_fails_of_holds_up_no_other_email(
    office: Office, modem: TalkingModem
) -> None:
    """An alarm, above all; and what the stream fails to send is fitted to the other."""
    server = replace(SETTINGS.server, security=Security.TLS)
    office.settings = replace(SETTINGS, server=server)
    modem.answers['AT+QFLDS="UFS"'] = ERROR
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        assert await office.send(email()) is State.SENT
        long = email(body="y" * 12_000)
        await courier.submit(long)
        for name in ("Fire", "Water"):
            # Once it has failed, and once more.
            tries = modem.lines.count(STREAM_LINE)
            while modem.lines.count(STREAM_LINE) == tries:
                await asyncio.sleep(0.5)
            alarm = email(name, critical=True)
            start = loop.time()
            assert await office.send(alarm) is State.SENT
            assert loop.time() - start < 5
        assert await office.ended(long) is State.SENT
        assert set(ways(office)) == {Way.MODULE}
        assert State.HELD not in office.states


@pytest.mark.parametrize("lacking", ["the modem's client", "anything that was sent"])
@virtual_time
async def test_tls_that_fails_holds_all_where_the_stream_is_all_there_is(
    office: Office, modem: TalkingModem, lacking: str
) -> None:
    server = replace(SETTINGS.server, security=Security.TLS)
    office.settings = replace(SETTINGS, server=server)
    if lacking == "the modem's client":
        modem.answers["AT+QSMTPCFG=?"] = modem.answers["AT+QSMTPSRV=?"] = ERROR
    async with office.at_work() as courier:
        long, other = email(body="y" * 12_000), email()
        await courier.submit(long)
        await courier.submit(other)
        await office.until(lambda: office.states.count(State.HELD) == 2)
        assert courier.status.mail.held == {Reason.CERTIFICATE}


@virtual_time
async def test_after_a_failure_without_a_reason_the_stream_sends(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = [result(654), SENT]
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        assert ways(office) == [Way.STREAM]
        (content,) = modem.office.received
        assert b"(possible repeat)" in content
        # The connection proves the path.
        assert OPEN_LINE not in modem.lines
        assert await office.send(email("Next")) is State.SENT
        assert ways(office) == [Way.STREAM, Way.MODULE]


@pytest.mark.parametrize(
    "failure", [result(651), result(999), ERROR, b"\r\n+CME ERROR: 100\r\n"]
)
@virtual_time
async def test_what_says_nothing_is_no_reason(
    office: Office, modem: TalkingModem, failure: bytes
) -> None:
    modem.answers[PUT_LINE] = [failure]
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.STREAM]


@virtual_time
async def test_a_failure_with_a_reason_is_mended_and_tried_by_the_same_way(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = [result(652), SENT]
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.MODULE]
        assert STREAM_LINE not in modem.lines


@pytest.mark.parametrize("code", [652, 653, 657, 665, 677])
def test_a_reason_of_the_modem_s_own_that_stays_is_tried_by_the_stream(
    office: Office, modem: TalkingModem, code: int
) -> None:
    @virtual_time
    async def live() -> None:
        modem.answers[PUT_LINE] = result(code)
        async with office.at_work():
            loop = asyncio.get_running_loop()
            start = loop.time()
            assert await office.send(email()) is State.SENT
            assert ways(office) == [Way.STREAM]
            assert loop.time() - start < HOUR
            assert modem.sends == 2

    live()


@virtual_time
async def test_a_reply_that_the_modem_s_client_tells_is_not_asked_for_again(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = [*[result(668, 451)] * 3, SENT]
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.MODULE]


@virtual_time
async def test_a_connection_that_can_not_be_opened_now_gives_no_starttls_up(
    office: Office, modem: TalkingModem
) -> None:
    server = replace(SETTINGS.server, security=Security.STARTTLS)
    office.settings = replace(SETTINGS, server=server)
    modem.answers[STREAM_LINE] = ERROR
    modem.answers["AT+QIGETERROR"] = frame("+QIGETERROR: 568,operation busy")
    async with office.at_work():
        await office.courier.submit(email())
        await office.until(lambda: modem.lines.count(STREAM_LINE) > 3)
        assert modem.sends == 0


@virtual_time
async def test_a_setting_that_the_modem_s_client_refuses_does_not_stop_the_email(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers['AT+QSMTPCFG="ssltype",0'] = ERROR
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert ways(office) == [Way.STREAM]


@virtual_time
async def test_the_way_of_the_next_attempt_outlives_a_restart(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = [result(654), SENT]
    # The stream gets no answer until then.
    modem.answers[STREAM_LINE] = None
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: STREAM_LINE in modem.lines)
    del modem.answers[STREAM_LINE]
    async with office.at_work():
        assert await office.ended(found) is State.SENT
    assert ways(office) == [Way.STREAM]
    assert modem.sends == 1


@virtual_time
async def test_a_modem_without_tcp_commands_never_goes_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    modem.has_tcp = False
    modem.answers[PUT_LINE] = [result(654), SENT, SENT, SENT]
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        hidden = email("Hidden", bcc=("b@example.com",))
        assert await office.send(hidden) is State.SENT
        assert ways(office) == [Way.MODULE, Way.MODULE]
        assert STREAM_LINE not in modem.lines
        # Each hidden address by itself, as the modem's client may show it.
        assert modem.sends == 4


@virtual_time
async def test_a_modem_that_refuses_to_open_a_connection_has_no_stream(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = [result(654), SENT, SENT, SENT]
    modem.answers[STREAM_LINE] = ERROR
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert await office.send(email("2", bcc=("b@example.com",))) is State.SENT
        assert ways(office) == [Way.MODULE, Way.MODULE]
        assert modem.lines.count(STREAM_LINE) == 1


@pytest.mark.parametrize("proven", [True, False])
def test_a_password_that_is_wrong_is_told_after_two_log_ins_and_tried_twice_an_hour(
    office: Office, modem: TalkingModem, proven: bool
) -> None:
    @virtual_time
    async def live() -> None:
        async with office.at_work() as courier:
            if proven:
                assert await office.send(email("First")) is State.SENT
                modem.office.logins.clear()
            modem.office.password = "another"  # of a scripted server
            found = email("Wrong")
            await courier.submit(found)
            await office.until(lambda: State.HELD in office.states_of(found))
            held = last(office)
            assert held.reason is Reason.LOGIN
            assert held.finding is not None
            assert held.finding.way is Way.STREAM
            assert (held.finding.reply, held.finding.words) == (
                535,
                "5.7.8 Authentication credentials invalid",
            )
            assert len(modem.office.logins) == 2
            for number in range(150):
                await courier.submit(email(f"{number}"))
                await asyncio.sleep(60)
            logins = modem.office.logins
            assert all(
                later - earlier >= HOUR
                for earlier, later in zip(logins, logins[2:], strict=False)
            )
            assert len(logins) >= 3

    live()


@pytest.mark.parametrize("way", list(Way))
def test_a_way_that_a_person_chose_is_the_only_one(
    office: Office, modem: TalkingModem, way: Way
) -> None:
    @virtual_time
    async def live() -> None:
        modem.answers[PUT_LINE] = [result(654), SENT, SENT, SENT, SENT]
        office.settings = replace(SETTINGS, options=Options(way=way))
        async with office.at_work():
            assert await office.send(email(bcc=("b@example.com",))) is State.SENT
            assert await office.send(email("Next")) is State.SENT
            assert ways(office) == [way, way]

    live()


@virtual_time
async def test_what_the_stream_was_told_in_words_is_asked_again_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = [result(654), SENT]
    modem.office.replies["."] = "451 4.3.0 not now\r\n"
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: State.DEFERRED in office.states_of(found))
        await office.until(lambda: last(office).reason is Reason.SERVER or modem.sends)
        await asyncio.sleep(5)
        modem.office.replies.clear()
        assert await office.ended(found) is State.SENT
        assert ways(office) == [Way.STREAM]
        assert modem.sends == 1


@virtual_time
async def test_result_codes_that_go_elsewhere_hold_all_by_whichever_way(
    office: Office, modem: TalkingModem
) -> None:
    """Neither the end of a PUT nor that of an opening is told; all else is answered."""
    modem.answers[PUT_LINE] = modem.answers[STREAM_LINE] = OK
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: State.HELD in office.states_of(found))
        assert last(office).reason is Reason.RESULTS_ELSEWHERE
        assert modem.sends == 1
        assert modem.lines.count(STREAM_LINE) == 1


@virtual_time
async def test_a_modem_that_restarts_while_the_text_goes_by_the_stream_gets_it_anew(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.STREAM))

    def hear(line: bytes) -> None:
        if line == b"DATA" and modem.lines.count(STREAM_LINE) == 1:
            modem.restart()
            modem.tcp.connected = False

    modem.office.on_line = hear
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        (content,) = modem.office.received
        assert b"(possible repeat)" not in content


@virtual_time
async def test_a_server_that_repeats_the_log_in_tells_nobody_the_password(
    office: Office, modem: TalkingModem
) -> None:
    server = replace(SETTINGS.server, password="a secret")  # of nobody
    options = Options(way=Way.STREAM)
    office.settings = replace(SETTINGS, server=server, options=options)

    def repeat(line: bytes) -> None:
        if line.startswith(b"AUTH"):
            modem.office.replies["AUTH"] = f"500 unknown: {line.decode()}\r\n"

    modem.office.on_line = repeat
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: State.HELD in office.states)
        finding = last(office).finding
        assert finding is not None
        assert finding.words == "unknown: AUTH PLAIN …"


@virtual_time
async def test_what_fails_before_any_way_is_taken_is_told_of_the_chosen_one(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.STREAM))
    modem.answers["AT+CEREG?"] = frame("+CEREG: 0,3")
    modem.answers["AT+CREG?"] = frame("+CREG: 0,3")
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: State.DEFERRED in office.states)
        finding = last(office).finding
        assert finding is not None
        assert (finding.error, finding.way) == ("registration_denied", Way.STREAM)


@virtual_time
async def test_tls_that_only_the_modem_s_client_speaks_costs_its_emails_no_hour(
    office: Office, modem: TalkingModem
) -> None:
    # The stream's server doesn't speak it at all.
    server = replace(SETTINGS.server, security=Security.TLS)
    office.settings = replace(SETTINGS, server=server)
    async with office.at_work() as courier:
        assert await office.send(email("First")) is State.SENT
        modem.answers[PUT_LINE] = [result(654), SENT, SENT]
        loop = asyncio.get_running_loop()
        start = loop.time()
        found = email("Second")
        assert await office.send(found) is State.SENT
        assert STREAM_LINE in modem.lines
        assert ways(office) == [Way.MODULE, Way.MODULE]
        assert loop.time() - start < 60
        assert courier.status.mail.held == frozenset()


@virtual_time
async def test_what_a_server_thinks_of_our_lines_is_nothing_that_the_modem_forgot(
    office: Office, modem: TalkingModem
) -> None:
    office.settings = replace(SETTINGS, options=Options(way=Way.STREAM))
    modem.office.replies["RCPT"] = "501 5.1.3 bad syntax\r\n"
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: State.HELD in office.states)
        assert modem.lines.count("ATE0") == 1
        assert modem.lines.count("AT+QIACT=1") == 1


@virtual_time
async def test_a_client_that_fails_with_each_email_is_tried_first_once_a_day(
    office: Office, modem: TalkingModem
) -> None:
    modem.answers[PUT_LINE] = result(654)
    async with office.at_work():
        for number in range(6):
            assert await office.send(email(f"{number}")) is State.SENT
            await asyncio.sleep(HOUR)
        assert modem.sends == 2
        marked = [b"(possible repeat)" in content for content in modem.office.received]
        assert marked == [True, True, False, False, False, False]
        await asyncio.sleep(24 * HOUR)
        modem.answers[PUT_LINE] = SENT
        for number in range(2):
            assert await office.send(email(f"Next {number}")) is State.SENT
        assert ways(office)[-2:] == [Way.MODULE, Way.MODULE]


@pytest.mark.parametrize(
    "long",
    [
        Email("Hello" * 10_000, "Body", ("a@example.com",)),
        Email("Hello", "Body" * 10_000, ("a@example.com",)),
        Email("Hello", "Body", ("a@example.com",), html="<b>Body</b>" * 10_000),
    ],
    ids=["title", "text", "html"],
)
@virtual_time
async def test_what_is_found_out_of_a_long_email_holds_no_event_loop(
    office: Office, monkeypatch: pytest.MonkeyPatch, long: Email
) -> None:
    """Neither which way it is to go by, nor how it is fitted to that."""
    beside = []

    async def to_thread[T](
        work: Callable[..., T], *args: object, **kwargs: object
    ) -> T:
        beside.append(getattr(work, "func", work))
        return work(*args, **kwargs)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert not {fit, prefers_stream} & {*beside}
        assert await office.send(long) is State.SENT
        assert {fit, prefers_stream} <= {*beside}
