"""All of an email is kept, but for what is beyond any measure; and that is told."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from custom_components.quectel_smtp.delivery.rules.acceptance import (
    TEXT_MOST,
    enclosed,
    kept,
)
from custom_components.quectel_smtp.modem.mail.attachments import Attachment

EMAIL = Email("Subject", "Body", ("a@example.com",))
FAMILY = "👨‍👩‍👧‍👦"


def test_an_email_is_kept_as_it_is() -> None:
    email = replace(
        EMAIL,
        html="<p>Body</p>",
        attachments=(Attachment("door.jpg", b"x"),),
        missing=(Missing("hall.jpg", MissingReason.EMPTY),),
        awaits=("garage.jpg",),
        changes=(Change(Fit.PICTURE_SCALED, "door.jpg"),),
    )
    assert kept(email) == email


@pytest.mark.parametrize("text", ["x", "é", "水", FAMILY, "e\u0301"])
@settings(max_examples=5, deadline=None)
@given(more=st.integers(1, 40))
def test_a_text_beyond_any_measure_is_cut_between_characters_and_that_is_told(
    text: str, more: int
) -> None:
    whole = text * (TEXT_MOST // len(text.encode()))
    as_it_is = replace(EMAIL, body=whole)
    assert kept(as_it_is) == as_it_is
    found = kept(replace(EMAIL, body=whole + text * more))
    assert found.changes == (Change(Fit.BODY_CUT),)
    assert TEXT_MOST - 60 < len(found.body.encode()) <= TEXT_MOST
    beginning = found.body.removesuffix("…")
    assert beginning == text * (len(beginning) // len(text))


def test_half_a_pair_at_the_cut_is_no_error() -> None:
    found = kept(replace(EMAIL, body="\ud83d" * TEXT_MOST))
    assert found.changes == (Change(Fit.BODY_CUT),)


@pytest.mark.parametrize(
    ("field", "what"), [("subject", Fit.SUBJECT_CUT), ("html", Fit.HTML_LEFT_OUT)]
)
def test_no_other_text_is_without_measure_either(field: str, what: Fit) -> None:
    email = replace(EMAIL, **{field: "x" * (TEXT_MOST + 1)})  # type: ignore[arg-type]
    found = kept(email)
    assert found.changes == (Change(what),)
    assert len(found.subject) <= TEXT_MOST
    assert found.html is None


def test_names_are_one_line_and_more_than_ten_attachments_are_named() -> None:
    many = [Attachment(f"{number}\n\x1b[0m.mp3", b"x") for number in range(4)]
    missing = [Missing("a\0b", MissingReason.EMPTY)]
    there, lacking = enclosed(many, missing, 7)
    assert [one.name for one in there] == ["0 .mp3", "1 .mp3", "2 .mp3"]
    assert lacking == (
        Missing("ab", MissingReason.EMPTY),
        Missing("3 .mp3", MissingReason.TOO_MANY),
    )
    assert kept(replace(EMAIL, awaits=("a\rb",))).awaits == ("a b",)


def test_nothing_that_is_said_of_an_attachment_is_without_measure() -> None:
    """No email is refused for it, nor fills the outbox by it."""
    endless = "x" * TEXT_MOST
    email = replace(
        EMAIL,
        attachments=(Attachment(f"{endless}.jpg", b"x", endless, endless),),
        missing=(Missing(f"/{endless}/door.mp3", MissingReason.EMPTY),),
        awaits=(endless,),
    )
    found = kept(email)
    (attachment,) = found.attachments
    assert attachment == Attachment(f"{'x' * 996}.jpg", b"x")
    assert found.missing == (Missing("door.mp3", MissingReason.EMPTY),)
    assert found.awaits == ("x" * 1000,)


@pytest.mark.parametrize("body", ["", " \n", "Text"])
def test_a_page_beyond_any_measure_leaves_what_it_says_where_nothing_else_does(
    body: str,
) -> None:
    page = f"<p>Water in the cellar</p>{'<br>' * (TEXT_MOST // 4)}"
    found = kept(replace(EMAIL, body=body, html=page))
    assert found.html is None
    assert found.body == (body if body == "Text" else "Water in the cellar")
    assert found.changes == (Change(Fit.HTML_LEFT_OUT),)
    said = kept(replace(EMAIL, body=body, html="<p>Water</p>" * (TEXT_MOST // 6)))
    assert len(said.body.encode()) <= TEXT_MOST
