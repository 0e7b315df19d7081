"""An email's letter: inside the modem's limits, and its reference line always last."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.records import (
    Entry,
    History,
    Instant,
    Item,
    Way,
)
from custom_components.quectel_smtp.delivery.rules.capacity import CAPACITIES
from custom_components.quectel_smtp.delivery.rules.characters import cleaned, one_line
from custom_components.quectel_smtp.delivery.rules.cutting import wrap
from custom_components.quectel_smtp.delivery.rules.fit import fit
from custom_components.quectel_smtp.delivery.rules.wording import Wording, digest
from custom_components.quectel_smtp.modem.mail.message import Message, body_bytes
from tests.delivery.bench import SETTINGS

TO: Final = ("a@example.com",)
NOON: Final = datetime(2026, 11, 21, 12, 0, 0, 999_999, tzinfo=UTC)
ENGLISH: Final = Wording(
    reference="Ref: {reference}",
    repeat="(possible repeat)",
    waited="(waited since {time})",
    times="({count} times)",
    digest_subject="{count} notifications",
    digest_entry="{time} {subject}",
    attachments="The attachments of this email.",
    whole_text="(the whole text: {name})",
    not_attached="Not attached: {name} ({reason})",
    more_not_attached="Not attached: {count} more",
)
LONGEST: Final = Wording(
    reference="é" * 44 + " {reference}",
    repeat="ü" * 50,
    waited="á" * 40 + " {time}",
    times="ö" * 45 + " {count}",
    digest_subject="ä" * 45 + " {count}",
    digest_entry="å" * 40 + " {time} {subject}",
    attachments="æ" * 50,
    whole_text="ø" * 47 + "{name}",
    not_attached="þ" * 42 + "{name} {reason}",
    more_not_attached="ð" * 46 + "{count}",
)
SOON: Final = 1.0
LAST: Final = "Ref: BCDFGHJK"
IN_DOUBT: Final = History(attempts=1, lost=1)


def item(
    subject: str = "Hello",
    body: str = "Body",
    *,
    times: int = 1,
    history: History | None = None,
) -> Item:
    """Return an envelope that is due."""
    return Item(
        envelope=1,
        reference="BCDFGHJK",
        recipient="Anna",
        critical=False,
        subject=subject,
        body=body,
        addresses=Addresses(TO, ("c@example.com",), ("b@example.com",)),
        times=times,
        accepted=Instant(0.0, NOON),
        history=history or History(),
    )


def letter(item: Item, wording: Wording, now: float, way: Way = Way.MODULE) -> Message:
    """Return it as it is sent by a way."""
    return fit(item, (), CAPACITIES[way], SETTINGS.server, wording, now).message


# What is written.


@pytest.mark.parametrize(
    ("body", "times", "history", "written"),
    [
        ("Body", 1, History(), f"Body\n\n{LAST}"),
        ("Body\n\n", 1, History(), f"Body\n\n{LAST}"),
        ("a\r\nb\rc\n", 1, History(), f"a\nb\nc\n\n{LAST}"),
        ("", 1, History(), LAST),
        ("\r\n\r\n", 1, History(), LAST),
        ("Body", 3, History(), f"Body\n\n(3 times)\n{LAST}"),
        ("Body", 1, History(5, doubts=1), f"Body\n\n(possible repeat)\n{LAST}"),
        ("", 2, IN_DOUBT, f"(2 times)\n(possible repeat)\n{LAST}"),
        ("Body", 1, History(5, temporary=2), f"Body\n\n{LAST}"),
        (
            "{reference} {0} {} %s {count}",
            2,
            IN_DOUBT,
            f"{{reference}} {{0}} {{}} %s {{count}}\n\n"
            f"(2 times)\n(possible repeat)\n{LAST}",
        ),
        ("x" * 1000, 1, History(), f"{'x' * 998}\nxx\n\n{LAST}"),
    ],
    ids=range(11),
)
def test_a_letter_is_the_text_and_below_it_what_we_say(
    body: str, times: int, history: History, written: str
) -> None:
    message = letter(item(body=body, times=times, history=history), ENGLISH, SOON)
    assert message.body == written
    assert (message.to, message.cc, message.bcc) == (
        TO,
        ("c@example.com",),
        ("b@example.com",),
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (5 * 60.0, ()),
        (5 * 60.0 + 1, ("(waited since 2026-11-21 13:00:00)",)),
        (48 * 3600.0, ("(waited since 2026-11-21 13:00:00)",)),
    ],
)
def test_an_email_that_leaves_late_says_since_when_it_waited(
    now: float, said: tuple[str, ...]
) -> None:
    """By the outbox's clock: the host's may have been set meanwhile."""
    wording = replace(ENGLISH, timezone=ZoneInfo("Europe/Vienna"))
    plain = letter(item(), wording, now)
    assert plain.body == "\n".join(["Body", "", *said, LAST])
    again = letter(item(times=3, history=IN_DOUBT), wording, now)
    closing = [*said, "(3 times)", "(possible repeat)", LAST]
    assert again.body == "\n".join(["Body", "", *closing])


@pytest.mark.parametrize(
    ("subject", "marked"),
    [
        ("Hello", "Hello (possible repeat)"),
        (" {count} ", "{count} (possible repeat)"),
        ("", "(possible repeat)"),
        ("x" * 80, "x" * 80 + " (possible repeat)"),
        ("é" * 40, "é" * 40 + " (possible repeat)"),
    ],
)
def test_the_mark_ends_the_subject_too(subject: str, marked: str) -> None:
    assert letter(item(subject), ENGLISH, SOON).subject == subject.strip()
    assert letter(item(subject, history=IN_DOUBT), ENGLISH, SOON).subject == marked


def test_a_long_subject_leaves_room_for_the_mark_from_the_first_attempt_on() -> None:
    long = "y" * 83
    first = letter(item(long), ENGLISH, SOON)
    assert first.subject == "y" * 79 + "..."
    assert first.body == f"{long}\n\nBody\n\n{LAST}"
    again = letter(item(long, history=IN_DOUBT), ENGLISH, SOON)
    assert again.subject == "y" * 79 + "... (possible repeat)"


def test_a_mark_that_takes_too_much_of_a_subject_stands_in_the_text_alone() -> None:
    wording = replace(ENGLISH, repeat="x" * 40)
    in_doubt = item("y" * 100, history=IN_DOUBT)
    assert letter(in_doubt, wording, SOON).subject == "y" * 100
    assert letter(in_doubt, wording, SOON).body.endswith(f"{'x' * 40}\n{LAST}")


def test_a_template_is_one_line_whatever_it_holds() -> None:
    wording = replace(ENGLISH, reference=" Ref:\r\n{reference}\n", repeat="a\n b\t")
    message = letter(item(history=IN_DOUBT), wording, SOON)
    assert message.subject == "Hello a b"
    assert message.body == f"Body\n\na b\n{LAST}"


def test_a_placeholder_that_has_no_value_here_stays() -> None:
    wording = replace(ENGLISH, reference="{time} {nothing} {reference}")
    assert letter(item(), wording, SOON).body == "Body\n\n{time} {nothing} BCDFGHJK"


# What has to give.


def test_a_text_that_is_too_long_is_cut_at_a_character() -> None:
    body = "\n".join(["é" * 20 + "x"] * 238)
    message = letter(item(body=body), ENGLISH, SOON)
    text, blank, last = message.body.rsplit("\n", 2)
    assert (blank, last) == ("", LAST)
    assert text.endswith("é…")
    assert body.startswith(text[:-1])
    assert 10_160 < len(body_bytes(message.body)) <= 10_240


def test_a_text_that_just_fits_is_not_cut() -> None:
    # What is left after "\r\n\r\n(waited since 2026-11-21 12:00:00)\r\n(possible repeat)" and
    # "\r\nRef: BCDFGHJK\r\n".
    full = "\n" * 182 + "\n".join(["x" * 98] * 98) + "\n" + "y"
    assert len(full.encode()) + full.count("\n") == 10_165
    for size in (1, 2):
        body = full + "y" * (size - 1)
        assert letter(item(body=body), ENGLISH, SOON).body == f"{body}\n\n{LAST}"
    message = letter(item(body=full + "yy"), ENGLISH, SOON)
    assert message.body == full[:-3] + f"…\n\n{LAST}"


def test_a_full_line_at_the_cut_leaves_the_ellipsis_to_the_next() -> None:
    on_its_own = {}
    for size in range(750, 769):
        lines = ["\n" * 202 + "y" * size, *["x" * 998] * 9, "\n" * 9 + "end"]
        body = "\n".join(lines)
        text = letter(item(body=body), ENGLISH, SOON).body.removesuffix(f"\n\n{LAST}")
        assert text.endswith(("x…", "x\n…"))
        assert body.startswith(text.removesuffix("…").removesuffix("\n"))
        last = text[text.rfind("\n") + 1 :]
        on_its_own[len(last.encode())] = last == "…"
    assert on_its_own.pop(3)
    assert max(on_its_own) == 998 and not any(on_its_own.values())


def test_line_ends_alone_leave_room_for_the_reference() -> None:
    body = "\n" * 5_118 + "x"
    message = letter(item(body=body), LONGEST, SOON)
    assert message.body == "…\n\n" + "é" * 44 + " BCDFGHJK"


def test_a_text_that_has_room_by_its_way_is_not_cut() -> None:
    body = "\n".join(["é" * 20 + "x"] * 5_000)
    assert (
        letter(item(body=body), ENGLISH, SOON, Way.STREAM).body == f"{body}\n\n{LAST}"
    )
    # As long as a text may be, with all that is ever said below it.
    longest = "\n".join(["x" * 98] * 2_499)
    message = letter(
        item(body=longest, times=10**6, history=IN_DOUBT), LONGEST, SOON, Way.STREAM
    )
    assert message.body.startswith(longest)


# Any text.

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
pieces = st.one_of(
    st.text(characters, max_size=20),
    st.sampled_from(["\n", "\r", "\r\n", "x" * 499, "é" * 499, "😀", "word ", "{0}"]),
)
bodies = st.lists(
    st.tuples(pieces, st.integers(1, 400)).map(lambda pair: pair[0] * pair[1]),
    max_size=8,
).map(lambda parts: "".join(parts)[:10_000])
subjects = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80).filter(
    lambda text: len(text.encode()) <= 80
)


def template(placeholder: str) -> st.SearchStrategy[str]:
    """Draw a line of up to 100 bytes that names the placeholder."""
    words = st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=40
    )
    return st.builds(
        lambda before, after: before + placeholder + after, words, words
    ).filter(lambda line: len(line.encode()) <= 100)


wordings = st.one_of(
    st.sampled_from([ENGLISH, LONGEST]),
    st.builds(
        Wording,
        reference=template("{reference}"),
        repeat=template("").filter(bool),
        waited=template("{time}"),
        times=template("{count}"),
        digest_subject=template("{count}"),
        digest_entry=template("{time} {subject}"),
        attachments=template(""),
        whole_text=template("{name}"),
        not_attached=template("{name}{reason}"),
        more_not_attached=template("{count}"),
    ),
)


@settings(deadline=None)
@given(subjects, bodies, st.integers(1, 10**6), wordings)
@example("x" * 80, "y" * 10_000, 10**6, LONGEST)
@example("", "\n" * 5_000, 1, LONGEST)
@example("", "x\n" * 3_413, 2, LONGEST)
def test_any_email_fits_and_differs_from_its_repeat_by_the_mark_only(
    subject: str, body: str, times: int, wording: Wording
) -> None:
    first = letter(item(subject, body, times=times), wording, SOON)
    again = letter(item(subject, body, times=times, history=IN_DOUBT), wording, SOON)
    last = wording.reference.replace("{reference}", "BCDFGHJK")
    *said, end = first.body.split("\n")
    assert end == last
    assert again.body.split("\n") == [*said, wording.repeat, last]
    marked = f"{first.subject} {wording.repeat}".strip()
    assert again.subject in (first.subject, marked)
    whole = first.subject == one_line(subject)
    for message in (first, again):
        # Message has made sure of its limits; here they are once more.
        assert len(body_bytes(message.body)) <= 10_240
        assert len(message.subject.encode()) <= 100
    text = wrap(cleaned(body).text.rstrip("\n"))
    # Below it four lines, each of up to 120 bytes with what stands in it.
    if whole and len(body_bytes(text, limit=10**6)) + 4 * 120 <= 10_240:
        assert first.body.startswith(text)
    if times > 1:
        assert said[-1] == wording.times.replace("{count}", str(times))


# The digest.


def entry(subject: str = "Hello", body: str = "Body", times: int = 1) -> Entry:
    """Return an email that waits."""
    return Entry(NOON, subject, body, times)


def test_a_digest_has_each_email_with_its_time_and_subject() -> None:
    entries = [
        entry("Door {time}", "It is {subject} open\r\n\r\n"),
        Entry(NOON + timedelta(hours=12), "Water", "In the cellar", 2),
        entry("", ""),
    ]
    wording = replace(ENGLISH, timezone=ZoneInfo("Europe/Vienna"))
    assert digest(entries, wording) == (
        "4 notifications",
        "2026-11-21 13:00:00 Door {time}\nIt is {subject} open\n\n"
        "2026-11-22 01:00:00 Water\nIn the cellar\n(2 times)\n\n"
        "2026-11-21 13:00:00",
    )


def test_a_digest_that_does_not_fit_is_none() -> None:
    assert digest([entry(body="x" * 900)] * 10, ENGLISH) is not None
    assert digest([entry(body="x" * 990)] * 10, ENGLISH) is None
    # The same size, but of more lines.
    assert digest([entry(body="x\n" * 450)] * 10, ENGLISH) is None


def test_a_digest_may_fill_an_email_to_the_last_byte() -> None:
    lines = [""] * 182 + ["x" * 98] * 97 + ["y" * 81]
    found = digest([entry("", "\n".join(lines))], ENGLISH)
    assert found is not None
    # As the modem gets it there is room for what we say below it, to the byte.
    assert len(found[1]) + found[1].count("\n") == 10_166
    assert digest([entry("", "\n".join(lines) + "y")], ENGLISH) is None


def test_the_subject_of_a_digest_is_cut_to_its_limit() -> None:
    found = digest([entry()] * 10, LONGEST)
    assert found is not None
    assert found[0] == "ä" * 38 + "…"


@settings(deadline=None)
@given(
    st.lists(
        st.builds(Entry, st.just(NOON), subjects, bodies, st.integers(1, 1000)),
        min_size=1,
        max_size=12,
    ),
    wordings,
)
def test_any_digest_is_an_email_that_goes_out_uncut(
    entries: Sequence[Entry], wording: Wording
) -> None:
    found = digest(entries, wording)
    assume(found is not None)
    assert found is not None
    subject, body = found
    message = letter(item(subject, body, history=IN_DOUBT), wording, SOON)
    assert message.body.startswith(wrap(cleaned(body).text.rstrip("\n")))
