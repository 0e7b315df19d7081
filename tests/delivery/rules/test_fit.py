"""Whatever is asked of an email goes as well as its way can carry it, and is told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.enclosures import (
    Carries,
    Enclosed,
    Missing,
    MissingReason,
)
from custom_components.quectel_smtp.delivery.records import Item, Way
from custom_components.quectel_smtp.delivery.rules.capacity import (
    CAPACITIES,
    STREAM_SIZE,
    Capacity,
    carries_email,
)
from custom_components.quectel_smtp.delivery.rules.characters import cleaned, one_line
from custom_components.quectel_smtp.delivery.rules.cutting import wrap
from custom_components.quectel_smtp.delivery.rules.fit import Fitted, fit, sizes
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.message import (
    Priority,
    TextCharset,
    body_bytes,
)
from custom_components.quectel_smtp.modem.mail.server import sender_phrase
from tests.delivery.bench import SETTINGS

from .test_wording import ENGLISH, IN_DOUBT, LAST, SOON, item
from .unicode_texts import FAMILY, anything

STREAM: Final = CAPACITIES[Way.STREAM]
MODULE: Final = CAPACITIES[Way.MODULE]
ROOMY: Final = replace(MODULE, store=200_000)
"""The modem's client, with room in the modem's store."""
SERVER: Final = SETTINGS.server
PICTURE: Final = Attachment("door.jpg", b"\xff\xd8" * 500, "image/jpeg", "door")
HIGH: Final = Priority.HIGH


def fitted(
    capacity: Capacity,
    attachments: Sequence[Attachment] = (),
    *,
    reply_to: str = "",
    refused: frozenset[int | str] = frozenset(),
    sender: str = "Home",
    **values: Any,
) -> Fitted:
    """Fit an email of which these are the values."""
    asked: Item = replace(item(), addresses=Addresses(("a@example.com",)), **values)
    server = replace(SERVER, sender_name=sender)
    return fit(
        asked,
        attachments,
        capacity,
        server,
        ENGLISH,
        SOON,
        reply_to=reply_to,
        refused=refused,
    )


def told(found: Fitted) -> list[Fit]:
    """What was done."""
    return [change.what for change in found.changes]


# By either way.


def test_what_needs_no_change_has_none() -> None:
    for capacity in (MODULE, STREAM):
        found = fitted(capacity, subject="Küche 🔥", body="Feuer!\n\tSofort")
        assert found.message.subject == "Küche 🔥"
        assert found.message.body == f"Feuer!\n\tSofort\n\n{LAST}"
        assert found.changes == ()
        assert found.server == SERVER


@pytest.mark.parametrize("capacity", [MODULE, STREAM])
def test_control_characters_and_escape_sequences_are_taken_out_and_told(
    capacity: Capacity,
) -> None:
    found = fitted(
        capacity, subject="\x1b[31mAlarm\x1b[0m\r\nnow", body="a\0b\x1b]0;t\x07c"
    )
    assert found.message.subject == "Alarm now"
    assert found.message.body == f"abc\n\n{LAST}"
    assert told(found) == [Fit.CHARACTERS_REMOVED]


@pytest.mark.parametrize("capacity", [MODULE, STREAM])
def test_a_text_is_made_of_html_that_has_none(capacity: Capacity) -> None:
    found = fitted(capacity, body=" \r\n", html="<p>Water in the <b>cellar</b>")
    assert found.message.body == f"Water in the cellar\n\n{LAST}"


@pytest.mark.parametrize("capacity", [MODULE, STREAM])
def test_what_is_missing_is_named_below_the_text(capacity: Capacity) -> None:
    wording = replace(ENGLISH, reasons={MissingReason.TOO_SLOW: "too slow"})
    missing = (
        Missing("garage\r\n.jpg", MissingReason.TOO_SLOW),
        Missing("x" * 90, MissingReason.EMPTY),
    )
    asked = replace(item(), missing=missing)
    found = fit(asked, (), capacity, SERVER, wording, SOON)
    message = found.message
    assert told(found) == [Fit.ATTACHMENT_LEFT_OUT] * 2
    assert message.body == (
        f"Body\n\nNot attached: garage .jpg (too slow)\n"
        f"Not attached: {'x' * 57}… (empty)\n{LAST}"
    )
    many = replace(item(), missing=missing[:1] * 12)
    message = fit(many, (), capacity, SERVER, wording, SOON).message
    assert message.body.endswith(f"\nNot attached: 2 more\n{LAST}")
    assert message.body.count("garage") == 10


@pytest.mark.parametrize("capacity", [ROOMY, STREAM])
def test_attachments_that_come_after_their_text_say_so(capacity: Capacity) -> None:
    found = fitted(
        capacity,
        [PICTURE],
        carries=Carries.ATTACHMENTS,
        html="<img src='cid:door'>",
        subject="t" * 300,
    )
    assert found.message.body == f"The attachments of this email.\n\n{LAST}"
    assert found.message.html is None
    assert [file.name for file in found.message.attachments] == ["door.jpg"]
    assert told(found) == [Fit.SUBJECT_CUT, Fit.INLINE_ATTACHED]
    # Or only what is missing of them.
    missing = (Missing("door.jpg", MissingReason.NOT_FOUND),)
    found = fitted(capacity, carries=Carries.ATTACHMENTS, missing=missing)
    assert found.message.body == f"Not attached: door.jpg (not_found)\n{LAST}"


def test_what_was_changed_before_comes_first_and_each_change_is_told_once() -> None:
    earlier = (Change(Fit.PICTURE_SCALED, "door.jpg"), Change(Fit.BODY_CUT))
    found = fitted(MODULE, changes=earlier, body="x" * 20_000, subject="y" * 200)
    assert found.changes == (*earlier, Change(Fit.SUBJECT_CUT))


# By the modem's mail client.


def test_a_long_title_is_cut_in_the_subject_and_whole_in_the_text() -> None:
    title = "厨房烟雾探测器报警，请立即查看！" + "🔥" * 20
    found = fitted(MODULE, subject=title)
    assert title.startswith(found.message.subject.removesuffix("…"))
    assert found.message.body == f"{title}\n\nBody\n\n{LAST}"
    assert told(found) == [Fit.SUBJECT_CUT]
    assert fitted(MODULE, subject=title, body="").message.body == f"{title}\n\n{LAST}"


def test_a_text_that_is_too_long_is_cut_and_attached_whole() -> None:
    text = "\n".join([FAMILY * 30] * 14)
    found = fitted(ROOMY, body=text)
    message = found.message
    assert message.body.endswith(f"{FAMILY}…\n\n(the whole text: message.txt)\n{LAST}")
    (file,) = message.attachments
    assert (file.name, file.content_type) == ("message.txt", "text/plain")
    assert file.data.decode("utf-8-sig").replace("\r\n", "\n") == text
    assert found.changes == (
        Change(Fit.BODY_CUT),
        Change(Fit.BODY_ATTACHED, "message.txt"),
    )
    assert found.wants_files
    # Without a place for the file it is cut all the same.
    found = fitted(MODULE, body=text)
    assert found.message.body.endswith(f"{FAMILY}…\n\n{LAST}")
    assert told(found) == [Fit.BODY_CUT]
    assert found.wants_files


def test_a_chinese_text_goes_in_the_character_set_that_has_room_for_it() -> None:
    text = "\n".join(["厨房烟雾探测器报警请立即查看"] * 300)
    found = fitted(MODULE, body=text)
    assert found.message.body == f"{text}\n\n{LAST}"
    assert found.message.charset is TextCharset.GB2312
    assert found.changes == ()
    assert fitted(MODULE, body=text[:1000]).message.charset is TextCharset.UTF_8


def test_html_is_attached_beside_its_text_and_its_pictures_as_files() -> None:
    html = "<p>Küche</p><img src='cid:door'>"
    found = fitted(ROOMY, [PICTURE], html=html)
    message = found.message
    assert message.html is None
    assert message.body == f"Body\n\n{LAST}"
    assert [file.name for file in message.attachments] == ["message.html", "door.jpg"]
    assert message.attachments[0].data.decode("utf-8-sig") == html
    assert found.changes == (
        Change(Fit.HTML_ATTACHED, "message.html"),
        Change(Fit.INLINE_ATTACHED, "door.jpg"),
    )
    found = fitted(MODULE, html=html)
    assert told(found) == [Fit.HTML_LEFT_OUT]
    assert found.message.attachments == ()
    assert found.wants_files


def test_a_picture_that_html_can_not_name_is_told_of() -> None:
    html = "<img src='cid:front door'>"
    named = replace(PICTURE, content_id="front door")
    found = fitted(STREAM, [named], html=html)
    assert found.changes == (Change(Fit.INLINE_ATTACHED, "door.jpg"),)
    assert fitted(STREAM, [PICTURE], html=html).changes == ()


def test_what_has_no_room_in_the_modem_is_named_and_the_rest_goes() -> None:
    wording = replace(ENGLISH, reasons={MissingReason.TOO_LARGE: "too large"})
    small = Attachment("small.txt", b"x")
    files = [Attachment("film.mp4", b"x" * 4097), small, small, small]
    # A file of one byte takes 4,096 of the store.
    capacity = replace(MODULE, store=8192 + 4096)
    found = fit(item(), files, capacity, SERVER, wording, SOON)
    assert [file.name for file in found.message.attachments] == [
        "film.mp4",
        "small.txt",
    ]
    assert found.sources == (0, 1)
    assert found.message.body == (
        "Body\n\nNot attached: small.txt (too large)\n"
        f"Not attached: small.txt (too large)\n{LAST}"
    )
    assert told(found) == [Fit.ATTACHMENT_LEFT_OUT]
    assert found.wants_files


def test_ten_files_are_the_most_and_the_text_is_the_first_of_them() -> None:
    files = [Attachment(f"{number}.txt", b"x") for number in range(10)]
    found = fitted(ROOMY, files, body="x" * 20_000)
    assert found.sources == ("message.txt", *range(9))
    assert "Not attached: 9.txt (too_many)" in found.message.body
    assert Change(Fit.ATTACHMENT_LEFT_OUT, "9.txt") in found.changes


def test_what_the_modem_did_not_take_is_named_and_not_tried_again() -> None:
    files = [PICTURE, Attachment("b.txt", b"x")]
    found = fitted(ROOMY, files, html="<p>x", refused=frozenset({"message.html", 0}))
    assert found.sources == (1,)
    assert found.message.body == (f"Body\n\nNot attached: door.jpg (too_large)\n{LAST}")
    assert told(found) == [Fit.HTML_LEFT_OUT, Fit.ATTACHMENT_LEFT_OUT]


def test_a_name_that_the_modem_can_not_store_is_another_one_and_told() -> None:
    files = [
        Attachment("Küche.jpg", b"1"),
        Attachment("door.jpg", b"2"),
        Attachment("/media/door.jpg", b"3"),
        Attachment("", b"4"),
    ]
    found = fitted(ROOMY, files)
    renamed = [one.name for one in found.changes]
    assert renamed == ["Küche.jpg", "door.jpg", "attachment"]
    assert set(told(found)) == {Fit.ATTACHMENT_RENAMED}
    assert [file.name for file in fitted(STREAM, files).message.attachments] == [
        "Küche.jpg",
        "door.jpg",
        "door.jpg",
        "attachment",
    ]
    assert fitted(STREAM, files).changes == (
        Change(Fit.ATTACHMENT_RENAMED, "attachment"),
    )


def test_what_only_our_client_has_a_header_for_is_left_out_and_told() -> None:
    found = fitted(
        MODULE, sender="Haus " * 20, priority=HIGH, reply_to="answers@example.com"
    )
    assert found.message.priority is Priority.NORMAL
    assert found.message.reply_to == ""
    assert found.server.sender_name == "Haus " * 9 + "Haus"
    assert told(found) == [
        Fit.SENDER_NAME_CUT,
        Fit.PRIORITY_LEFT_OUT,
        Fit.REPLY_TO_LEFT_OUT,
    ]


# By the stream.


def test_by_the_stream_html_and_pictures_and_headers_stay() -> None:
    html = "<p>Küche</p><img src='cid:door'>"
    found = fitted(
        STREAM,
        [PICTURE],
        html=html,
        priority=HIGH,
        reply_to="answers@example.com",
        sender="Haus " * 20,
        body="x\n" * 20_000,
    )
    message = found.message
    assert (message.html, message.priority) == (html, HIGH)
    assert message.attachments == (PICTURE,)
    assert message.reply_to == "answers@example.com"
    assert found.server.sender_name == "Haus " * 20
    assert found.changes == ()


def test_by_the_stream_a_title_may_have_250_characters() -> None:
    # Room for the mark is kept.
    assert fitted(STREAM, subject="é" * 232).changes == ()
    found = fitted(STREAM, subject="é" * 240)
    assert found.message.subject == "é" * 231 + "…"
    assert found.message.body == f"{'é' * 240}\n\nBody\n\n{LAST}"
    assert told(found) == [Fit.SUBJECT_CUT]


def test_what_is_more_than_a_server_takes_is_left_out_and_named() -> None:
    small = replace(STREAM, size=100_000)
    files = [Attachment("film.mp4", b"x" * 50_000), PICTURE]
    found = fitted(small, files, html="<p>" + "x" * 60_000)
    assert found.message.html is None
    assert found.sources == (0, 1)
    assert told(found) == [Fit.HTML_LEFT_OUT, Fit.INLINE_ATTACHED]
    found = fitted(small, [replace(PICTURE, data=b"x" * 80_000)], body="x" * 9_000)
    assert found.message.body.endswith(f"\nNot attached: door.jpg (too_large)\n{LAST}")
    assert told(found) == [Fit.ATTACHMENT_LEFT_OUT]


def test_a_text_that_is_more_than_a_server_takes_is_cut() -> None:
    small = replace(STREAM, size=50_000)
    found = fitted(small, [PICTURE], body="厨房烟雾" * 20_000)
    assert told(found) == [Fit.BODY_CUT, Fit.ATTACHMENT_LEFT_OUT]
    assert 20_000 < len(found.message.body.encode()) < 36_000
    assert found.message.charset is TextCharset.UTF_8


def test_a_title_and_a_text_of_a_million_bytes_each_find_their_place() -> None:
    title = "厨" * 333_333
    for text, changes in (
        ("x\n" * 500_000, [Fit.SUBJECT_CUT]),
        ("\n" * 999_999 + "x", [Fit.SUBJECT_CUT]),
        ("\n" * 999_999 + "\0x", [Fit.SUBJECT_CUT, Fit.CHARACTERS_REMOVED]),
    ):
        found = fitted(STREAM, subject=title, body=text)
        assert told(found) == changes
        assert found.message.subject == "厨" * 231 + "…"
        assert found.message.body.replace("\n", "").startswith(title)
        module = fitted(ROOMY, subject=title, body=text).message
        assert module.subject_command()
        assert body_bytes(module.body, module.charset)


def test_a_server_that_takes_next_to_nothing_gets_the_reference() -> None:
    found = fitted(replace(STREAM, size=1000), body="x" * 100)
    assert found.message.body == f"…\n\n{LAST}"


def test_the_longest_text_and_ten_pictures_go_by_the_stream() -> None:
    files = [Attachment(f"{number}.jpg", b"x" * 200_000) for number in range(10)]
    found = fitted(STREAM, files, body=("x" * 99 + "\n") * 10_000)
    assert found.changes == ()
    assert STREAM.size == STREAM_SIZE


# Any email.

names = st.one_of(anything, st.sampled_from(["door.jpg", "../x/Küche.png", "a.b.c"]))
files = st.builds(
    Attachment,
    name=names,
    data=st.binary(min_size=1, max_size=20)
    | st.integers(1, 60_000).map(lambda count: b"x" * count),
    content_type=st.sampled_from(["image/jpeg", "text/plain", ""]),
    content_id=st.sampled_from([None, "door"]),
)
capacities = st.sampled_from(
    [
        MODULE,
        ROOMY,
        replace(MODULE, store=9000),
        STREAM,
        replace(STREAM, size=60_000),
        replace(STREAM, size=20_000),
    ]
)
emails = st.builds(
    replace,
    st.just(replace(item(), addresses=Addresses(("a@example.com",)))),
    subject=anything,
    body=anything,
    html=st.none() | anything.map(lambda text: f"<p>{text}<img src='cid:door'>"),
    priority=st.sampled_from(Priority),
    missing=st.lists(
        st.builds(Missing, names, st.sampled_from(MissingReason)), max_size=12
    ).map(tuple),
    carries=st.sampled_from(Carries),
    times=st.sampled_from([1, 3]),
    history=st.sampled_from([item().history, IN_DOUBT]),
)
senders = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)


@settings(deadline=None, max_examples=300)
@given(emails, st.lists(files, max_size=12), capacities, senders)
def test_whatever_is_asked_has_room_by_its_way_and_no_loss_is_untold(
    asked: Item, attachments: list[Attachment], capacity: Capacity, sender: str
) -> None:
    server = replace(SERVER, sender_name=sender)
    reply_to = "answers@example.com"
    found = fit(asked, attachments, capacity, server, ENGLISH, SOON, reply_to=reply_to)
    message, done = found.message, set(told(found))
    title = one_line(cleaned(asked.subject).text)
    text = cleaned(asked.body).text.rstrip("\n")
    # The limits.
    limit = 10_240 if capacity.body else 4_500_000
    assert len(body_bytes(message.body, message.charset, limit)) <= limit
    if capacity.subject is not None:
        assert message.subject_command()
        assert message.destination_commands()
        assert found.server.commands(1)
        assert len(sender_phrase(found.server.sender_name)) <= 50
        blocks = [-(-len(file.data) // 4096) for file in message.attachments]
        assert 4096 * sum(blocks) <= (capacity.store or 0)
    assert len(message.subject) <= 250
    assert len(message.attachments) <= 10
    # The title.
    mark = " (possible repeat)" if asked.history.in_doubt else ""
    subject = message.subject.removesuffix(mark.strip()).rstrip()
    if Fit.SUBJECT_CUT in done:
        assert title.startswith(subject.removesuffix("...").removesuffix("…").rstrip())
        whole = message.body.replace("\n", "")
        if Fit.BODY_CUT not in done and asked.carries is not Carries.ATTACHMENTS:
            assert title in whole
    else:
        assert subject == title
    # The text.
    lines = wrap(text)
    if asked.carries is not Carries.ATTACHMENTS and text.strip():
        if Fit.BODY_CUT in done:
            assert "…" in message.body
        else:
            assert lines in message.body
        if Fit.BODY_ATTACHED in done:
            file = message.attachments[found.sources.index("message.txt")]
            assert text in file.data.decode("utf-8-sig").replace("\r\n", "\n")
    # What an email can't have.
    raw = (asked.subject, asked.body, asked.html or "")
    texts = raw[:1] if asked.carries is Carries.ATTACHMENTS else raw
    assert (Fit.CHARACTERS_REMOVED in done) is any(
        cleaned(one).changed for one in texts
    )
    # HTML.
    if asked.html and asked.carries is not Carries.ATTACHMENTS:
        kept = message.html == cleaned(asked.html).text
        ways = [kept, Fit.HTML_ATTACHED in done, Fit.HTML_LEFT_OUT in done]
        assert ways.count(True) == 1
        assert (Fit.HTML_ATTACHED in done) is ("message.html" in found.sources)
    else:
        assert message.html is None
    # Attachments: each is there, or named.
    given = [source for source in found.sources if isinstance(source, int)]
    assert given == sorted(given)
    for source, file in zip(found.sources, message.attachments, strict=True):
        if isinstance(source, int):
            assert file.data == attachments[source].data
            assert file.content_id == attachments[source].content_id
    gone = len(attachments) - len(given)
    named = len(asked.missing) + gone
    assert (named > 0) is (Fit.ATTACHMENT_LEFT_OUT in done)
    assert message.body.count("Not attached: ") >= min(named, 11)
    # Headers.
    assert (message.priority is asked.priority) is (Fit.PRIORITY_LEFT_OUT not in done)
    assert (message.reply_to == reply_to) is (Fit.REPLY_TO_LEFT_OUT not in done)
    assert (found.server == server) is (Fit.SENDER_NAME_CUT not in done)


@settings(deadline=None)
@given(emails, st.lists(files, max_size=3), capacities)
def test_each_attempt_by_one_way_is_alike_but_for_what_is_said_below(
    asked: Item, attachments: list[Attachment], capacity: Capacity
) -> None:
    first = replace(asked, history=item().history)
    again = replace(asked, history=IN_DOUBT)
    one, two = (
        fit(email, attachments, capacity, SERVER, ENGLISH, now)
        for email, now in ((first, SOON), (again, 10_000.0))
    )
    said = "(waited since 2026-11-21 12:00:00)"
    marks = [said, *(["(3 times)"] if asked.times > 1 else []), "(possible repeat)"]
    start = one.message.body.removesuffix(LAST).removesuffix("(3 times)\n")
    assert two.message.body == start + "\n".join([*marks, LAST])
    assert two.message.subject == f"{one.message.subject} (possible repeat)".strip()
    assert two.changes == one.changes
    assert two.message.attachments == one.message.attachments


@settings(deadline=None)
@given(emails)
def test_what_the_modem_s_client_can_carry_goes_by_it_unchanged(
    asked: Item,
) -> None:
    found = fit(asked, (), MODULE, SERVER, ENGLISH, SOON)
    title, body = sizes(asked, ENGLISH)
    fits = carries_email(MODULE, asked, title=title, body=body, reply_to="")
    # No other way would carry these.
    harmless = {Fit.CHARACTERS_REMOVED, Fit.ATTACHMENT_LEFT_OUT}
    cut = Fit.SUBJECT_CUT in told(found) and asked.carries is not Carries.ATTACHMENTS
    if fits and not cut:
        assert set(told(found)) <= harmless
    if not fits:
        assert set(told(found)) - harmless


def test_attachments_are_carried_where_there_is_room_for_them() -> None:
    enclosed = (Enclosed(2, "a.jpg", "image/jpeg", None, 1),)
    asked = replace(item(), addresses=Addresses(("a@example.com",)), enclosed=enclosed)
    assert carries_email(ROOMY, asked, title=1, body=1, reply_to="")
