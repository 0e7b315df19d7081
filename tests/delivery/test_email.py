"""An email is refused when it is made, by field and limit, or it can be sent."""

import pytest

from custom_components.quectel_smtp.delivery.email import Email, new_reference
from custom_components.quectel_smtp.modem.errors import InvalidValueError

TO = ("a@example.com",)


@pytest.mark.parametrize(
    ("subject", "body", "to", "field", "reason", "limit"),
    [
        ("x" * 81, "", TO, "subject", "too_long", 80),
        ("é" * 41, "", TO, "subject", "too_long", 80),
        ("", "x" * 10_001, TO, "body", "too_long", 10_000),
        ("", "é" * 5_001, TO, "body", "too_long", 10_000),
        ("", "\n" * 10_000, TO, "body", "too_long", 10_240),
        ("", "\0", TO, "body", "forbidden_character", None),
        ("a\r\nb", "", TO, "subject", "forbidden_character", None),
        ("\ud800", "", TO, "subject", "invalid", None),
        ("", "", (), "recipients", "empty", None),
        ("", "", TO * 21, "recipients", "too_long", 20),
        ("", "", ("a b@c",), "recipients", "invalid", None),
    ],
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


@pytest.mark.parametrize(
    ("subject", "body"), [("x" * 80, "x" * 10_000), ("", ""), ("é" * 40, "é" * 5_000)]
)
def test_an_email_up_to_its_limits_is_a_message(subject: str, body: str) -> None:
    message = Email(subject, body, TO, ("b@example.com",), ("c@example.com",)).message()
    assert (message.subject, message.body) == (subject, body)
    assert (message.to, message.cc, message.bcc) == (
        TO,
        ("b@example.com",),
        ("c@example.com",),
    )


def test_references_are_short_and_differ() -> None:
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert all(len(name) == 8 and name.isalnum() for name in references)
