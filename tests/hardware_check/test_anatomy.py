"""What is told of an email's form, and that nothing of its content is."""

from dataclasses import astuple

from hypothesis import given, strategies as st

from custom_components.quectel_smtp.hardware_check.anatomy import (
    DOTS,
    MARK,
    Anatomy,
    anatomy_of,
)

WHOLE = (
    "Received: from relay.canary.example ([10.0.0.2]) by mx\r\n"
    "Received: from LOCALHOST ([10.0.0.1]) by relay\r\n"
    "To: jane@canary.example\r\n"
    "BCC: bird@canary.example\r\n"
    "X-Canary: secret\r\n"
    "Subject: =?utf-8?B?Y2FuYXJ5?=\r\n"
    "Content-Type: text/plain; charset=canary\r\n"
    "Content-Transfer-Encoding: Base64canary\r\n"
    "\r\n"
)
FIRST = MARK.format(1)


def test_only_what_is_known_here_is_told() -> None:
    body = "\r\n".join((FIRST, "canary", *DOTS))
    assert anatomy_of(f"{WHOLE}{body}".encode(), 1) == Anatomy(
        headers=("To", "Bcc", "Subject", "Content-Type", "Content-Transfer-Encoding"),
        content_type="text/plain",
        encoding="another",
        longest_word=20,
        dots=True,
        localhost=True,
    )


def test_dots_that_came_to_harm_are_seen() -> None:
    for damaged in (DOTS[1:], (*DOTS, ".more"), (f".{DOTS[0]}", *DOTS[1:])):
        body = "\r\n".join((FIRST, *damaged))
        found = anatomy_of(f"{WHOLE}{body}".encode(), 1)
        assert found is not None and not found.dots


def test_who_it_came_from_may_be_unknown() -> None:
    for received, expected in (
        ("", None),
        ("Received: by mx\r\n", None),
        ("Received: from modem ([10.0.0.1])\r\n", False),
    ):
        found = anatomy_of(f"{received}Subject: x\r\n\r\n{FIRST}".encode(), 1)
        assert found is not None and found.localhost is expected


def test_another_email_is_none_of_the_check() -> None:
    assert anatomy_of(f"{WHOLE}{FIRST}".encode(), 3) is None
    assert anatomy_of(b"Subject: holidays\r\n\r\nsee you", 1) is None
    assert anatomy_of(b"Content-Type: image/png\r\n\r\nx", 1) is None


@given(st.binary(max_size=300), st.sampled_from([b"", f"{WHOLE}{FIRST}\r\n".encode()]))
def test_any_bytes_are_an_email_of_the_check_or_none(data: bytes, head: bytes) -> None:
    found = anatomy_of(head + data, 1)
    told = "" if found is None else str(astuple(found)).lower()
    assert "canary" not in told and "jane" not in told
    assert (found is not None) is bool(head)
