"""Any email, as it was fitted, arrives by either way, and is read as it was meant.

At a real server, behind each of the modem's mail clients and over the modem's TCP. All
that is done to it is told, and nothing of what arrives has a defect.
"""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.changes import Fit
from custom_components.quectel_smtp.delivery.client.mime import compose
from custom_components.quectel_smtp.delivery.enclosures import Carries
from custom_components.quectel_smtp.delivery.records import Item, Way
from custom_components.quectel_smtp.delivery.rules.capacity import CAPACITIES
from custom_components.quectel_smtp.delivery.rules.fit import Fitted, fit
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.message import Priority, body_bytes
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.mail.smtp import Result
from tests.delivery.rules.test_fit import emails, names
from tests.delivery.rules.test_wording import ENGLISH, item
from tests.delivery.rules.unicode_texts import FAMILY
from tests.virtual_modem.profiles import MailClient

from .bench import SERVER, Bench
from .test_texts import TO
from .test_texts_over_stream import Run

MODULE: Final = replace(CAPACITIES[Way.MODULE], store=150_000)
STREAM: Final = CAPACITIES[Way.STREAM]
REPLY_TO: Final = "answers@example.com"
_SLOW: Final = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]

letters = emails.map(lambda asked: replace(asked, addresses=Addresses(TO)))
senders = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30)
files = st.lists(
    st.builds(
        Attachment,
        name=names,
        data=st.binary(min_size=1, max_size=300),
        content_type=st.sampled_from(
            ["image/jpeg", "text/plain", "message/rfc822", "multipart/mixed", "x", ""]
        ),
        content_id=st.sampled_from([None, "door", "a@b", "not one", "küche"]),
    ),
    max_size=3,
)
LETTER: Final = replace(
    item(
        "厨房烟雾探测器报警，请立即查看！" * 3 + FAMILY,
        "\n".join([FAMILY * 30 + "e\u0301\u200bשלום"] * 14),
    ),
    addresses=Addresses(TO),
    html="<p>Küche</p><img src='cid:door'>",
    priority=Priority.HIGHEST,
    carries=Carries.WHOLE,
)
PICTURE: Final = Attachment(
    f"Tür {FAMILY}.jpg", bytes(range(256)), "image/jpeg", "door"
)
# What readers take for a text that was encoded, with a line end in it.
SEEMS_ENCODED: Final = replace(LETTER, subject="=?utf-8?q?x=0d=0aBcc:a@example.com?=")
SEEMS_A_NAME: Final = Attachment(f'"{SEEMS_ENCODED.subject}"', b"x")


@pytest.fixture(scope="module", params=MailClient)
def bench(request: pytest.FixtureRequest) -> Generator[Bench]:
    """Give one bench for all emails, with each of the modem's mail clients."""
    with Bench(request.param) as ready:
        yield ready


@pytest.fixture(scope="module")
def run() -> Generator[Run]:
    """Give one connection to a server in the clear."""
    ready = Run(Security.NONE)
    try:
        yield ready
    finally:
        ready.close()


def fitted(asked: Item, attached: list[Attachment], sender: str, way: Way) -> Fitted:
    """Fit an email to a way."""
    capacity = MODULE if way is Way.MODULE else STREAM
    server = replace(SERVER, sender_name=sender)
    return fit(asked, attached, capacity, server, ENGLISH, 1.0, reply_to=REPLY_TO)


def text_of(part: EmailMessage) -> str:
    """What a text says."""
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n").rstrip("\n")


@settings(max_examples=60, deadline=None, suppress_health_check=_SLOW)
@given(asked=letters, attached=files, sender=senders)
@example(asked=LETTER, attached=[PICTURE], sender="Küche, oben")
@example(asked=SEEMS_ENCODED, attached=[SEEMS_A_NAME], sender="=?utf-8?q?x?=")
def test_any_email_by_the_modems_client_is_read_as_it_was_fitted(
    bench: Bench, asked: Item, attached: list[Attachment], sender: str
) -> None:
    found = fitted(asked, attached, sender, Way.MODULE)
    message = found.message
    assert bench.run(bench.send(message, found.server)).result is Result.SENT
    arrived = bench.last()
    assert bench.received[-1].rcpt_tos == list(TO)
    # A reader takes blanks in a row, and those at an end, as one or none.
    assert str(arrived["Subject"] or "").split() == message.subject.split()
    assert bench.last_body().decode(message.charset.codec) == body_bytes(
        message.body, message.charset
    ).decode(message.charset.codec)
    arrived_files = [
        part.get_payload(decode=True) for part in arrived.iter_attachments()
    ]
    assert arrived_files == [file.data for file in message.attachments]
    for part, name in zip(arrived.iter_attachments(), found.sources, strict=True):
        if isinstance(name, str):
            assert part.get_filename() == name


@settings(max_examples=60, deadline=None, suppress_health_check=_SLOW)
@given(asked=letters, attached=files, sender=senders)
@example(asked=LETTER, attached=[PICTURE], sender="Küche, oben")
@example(asked=SEEMS_ENCODED, attached=[SEEMS_A_NAME], sender="=?utf-8?q?x?=")
def test_any_email_by_the_stream_is_read_as_it_was_fitted_and_has_no_defect(
    run: Run, asked: Item, attached: list[Attachment], sender: str
) -> None:
    found = fitted(asked, attached, sender, Way.STREAM)
    message = found.message
    now = datetime.now(UTC).replace(microsecond=0)
    raw = compose(message, found.server, now=now, reference="ABCD")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    arrived = run.send(raw)
    parts = [part for part in arrived.walk() if isinstance(part, EmailMessage)]
    for part in parts:
        assert not part.defects
        for header in part.values():
            assert not header.defects
    assert "".join(arrived["Subject"].split()) == "".join(message.subject.split())
    assert arrived["Reply-To"] == REPLY_TO
    urgent = message.priority is not Priority.NORMAL
    assert ("X-Priority" in arrived, "Importance" in arrived) == (urgent, urgent)
    plain = arrived.get_body(("plain",))
    assert isinstance(plain, EmailMessage)
    assert text_of(plain) == message.body
    html = arrived.get_body(("html",))
    if message.html is None:
        assert html is None
    else:
        assert isinstance(html, EmailMessage)
        assert text_of(html) == message.html.rstrip("\n")
    leaves = [part for part in parts if not part.is_multipart()]
    arrived_files = [
        (part.get_filename(), part.get_payload(decode=True))
        for part in leaves
        if part.get_filename() is not None
    ]
    given_files = [(file.name, file.data) for file in message.attachments]
    assert sorted(arrived_files, key=repr) == sorted(given_files, key=repr)
    expected = [*_BY_STREAM, *([Fit.ATTACHMENT_LEFT_OUT] if asked.missing else [])]
    assert set(found.changes) <= {
        *asked.changes,
        *(change for change in found.changes if change.what in expected),
    }


_BY_STREAM: Final = (
    Fit.SUBJECT_CUT,
    Fit.CHARACTERS_REMOVED,
    Fit.ATTACHMENT_RENAMED,
    Fit.INLINE_ATTACHED,
)
