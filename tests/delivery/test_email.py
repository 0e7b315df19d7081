"""An email is refused when it is made, by field and limit, or it can be sent."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.email import Email, new_reference, wrap
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError

TO = ("a@example.com",)


@pytest.mark.parametrize(
    ("subject", "body", "to", "field", "reason", "limit"),
    [
        ("x" * 81, "", TO, "subject", "too_long", 80),
        ("é" * 41, "", TO, "subject", "too_long", 80),
        ("", "x" * 250_001, TO, "body", "too_long", 250_000),
        ("", "é" * 125_001, TO, "body", "too_long", 250_000),
        ("", "\n" * 125_001, TO, "body", "too_long", 250_000),
        ("", "\0", TO, "body", "forbidden_character", None),
        ("a\r\nb", "", TO, "subject", "forbidden_character", None),
        ("\ud800", "", TO, "subject", "invalid", None),
        ("", "", (), "recipients", "empty", None),
        ("", "", TO * 101, "recipients", "too_many", 100),
        ("", "", ("a b@c",), "recipients", "invalid", None),
    ],
    ids=range(11),
)
def test_what_can_not_be_sent_is_refused_by_field_and_limit(
    subject: str,
    body: str,
    to: tuple[str, ...],
    field: str,
    reason: str,
    limit: int | None,
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Email(subject, body, to)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert caught.value.limit == limit


@pytest.mark.parametrize("letter", ["x", "é"])
def test_an_email_up_to_its_limits_is_a_message(letter: str) -> None:
    size = len(letter.encode())
    subject, line = letter * (80 // size), letter * (98 // size)
    body = "\n".join([line] * (250_000 // 101))
    message = Email(subject, body, TO, ("b@example.com",), ("c@example.com",)).message()
    assert (message.subject, message.body) == (subject, body)
    assert (message.to, message.cc, message.bcc) == (
        TO,
        ("b@example.com",),
        ("c@example.com",),
    )


def line_sizes(text: str) -> list[int]:
    """Return the size of each line in bytes."""
    return [len(line.encode()) for line in text.split("\n")]


@given(
    st.lists(
        st.one_of(
            st.text(
                st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")
            ),
            st.sampled_from(["x" * 997, "é" * 499, "😀" * 250, " ", "word ", "\n"]),
        )
    ).map("".join)
)
def test_wrapping_adds_only_line_ends_and_only_to_long_lines(text: str) -> None:
    wrapped = wrap(text)
    assert max(line_sizes(wrapped)) <= 998
    assert wrapped.replace("\n", "") == text.replace("\n", "")
    if max(line_sizes(text)) <= 998:
        assert wrapped == text


@pytest.mark.parametrize(
    ("text", "wrapped"),
    [
        ("word " * 200 + "end", "word " * 199 + "\n" + "word end"),
        ("x" * 1000, "x" * 998 + "\nxx"),
        ("é" * 500, "é" * 499 + "\né"),
        ("a\n" + "x" * 999 + "\r\nb", "a\n" + "x" * 998 + "\nx\r\nb"),
    ],
    ids=["blank", "none", "two bytes", "among others"],
)
def test_a_long_line_is_broken_at_a_blank_or_between_characters(
    text: str, wrapped: str
) -> None:
    assert wrap(text) == wrapped
    assert Email("", text, TO).message().body == wrapped


def test_references_are_short_and_differ() -> None:
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert all(len(name) == 8 and name.isalnum() for name in references)
