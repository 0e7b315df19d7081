"""A hidden address is shown to nobody else, whatever the modem writes into the header."""

from contextlib import closing
from functools import partial
from pathlib import Path
import tempfile

from hypothesis import given, settings, strategies as st

from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    History,
    Item,
    Options,
    Split,
    State,
    Way,
)
from custom_components.quectel_smtp.delivery.rules.capacity import CAPACITIES, apart
from custom_components.quectel_smtp.delivery.rules.fit import fit
from custom_components.quectel_smtp.delivery.rules.wording import Wording
from custom_components.quectel_smtp.modem.mail.message import Message
from tests.delivery.bench import SETTINGS

from .bench import REFUSED, Bench, again, at, compose, failed, mail, sent

WORDING = Wording("Ref: {reference}", "", "", "", "", "", "", "", "", "")
MODULE = CAPACITIES[Way.MODULE]
EVERYTHING = Options(per_hour=1000, per_day=1000)
people = st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=12, unique=True)


def take(box: Bench, elapsed: float = 0.0) -> Item | None:
    """Return what goes next, as a courier takes it."""
    item = box.due(elapsed, EVERYTHING)
    if item is None:
        return None
    item = box.outbox.digest(item, at(elapsed), compose)
    return box.outbox.keep_apart(item, partial(apart, capacity=MODULE), at(elapsed))


def seen(message: Message) -> tuple[tuple[str, ...], ...]:
    """Return the addresses of the three headers that a firmware may write."""
    return message.to, message.cc, message.bcc


def write(item: Item) -> Message:
    """Return it as it is handed to the modem."""
    return fit(item, (), MODULE, SETTINGS.server, WORDING, 0.0).message


@settings(deadline=None, max_examples=100)
@given(people=people, kinds=st.data(), ends=st.data())
def test_no_email_shows_a_hidden_address_to_anybody_else(
    people: list[str], kinds: st.DataObject, ends: st.DataObject
) -> None:
    kind = st.sampled_from(["to", "cc", "bcc"])
    lists: dict[str, list[str]] = {"to": [], "cc": [], "bcc": []}
    for one in people:
        lists[kinds.draw(kind)].append(f"{one}@example.com")
    hidden = set(lists["bcc"])
    arrived: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Outbox(Path(folder, "outbox.db"))) as outbox,
    ):
        box = Bench(Path(folder), outbox)
        box.open()
        box.accept(mail(to=lists["to"], cc=lists["cc"], bcc=lists["bcc"]))
        while item := take(box):
            to, cc, bcc = seen(write(item))
            addresses = [*to, *cc, *bcc]
            assert not hidden & set(addresses) or len(addresses) == 1
            assert not bcc
            assert set(to) <= {*lists["to"], *hidden}
            assert set(cc) <= set(lists["cc"])
            splits = len(addresses) > 1 and ends.draw(st.booleans())
            verdict = Split(History(1)) if splits else sent()
            assert box.outbox.begin(item.envelope, 330.0, 42, at(0.0))
            box.outbox.record(item.envelope, verdict, REFUSED, at(0.0))
            if not splits:
                arrived += addresses
        assert sorted(arrived) == sorted(f"{one}@example.com" for one in people)
        assert box.story()[-1] is State.SENT


def test_those_who_may_be_seen_get_one_email_that_shows_them_all(box: Bench) -> None:
    to, cc = ["a@example.com", "b@example.com"], ["c@example.com"]
    box.accept(mail(to=to, cc=cc, bcc=["d@example.com", "e@example.com"]))
    written = []
    while item := take(box):
        written.append(seen(write(item)))
        assert box.outbox.begin(item.envelope, 330.0, 42, at(0.0))
        box.outbox.record(item.envelope, sent(), REFUSED, at(0.0))
    assert written == [
        (tuple(to), tuple(cc), ()),
        (("d@example.com",), (), ()),
        (("e@example.com",), (), ()),
    ]


def test_a_hidden_recipient_has_an_end_of_his_own(box: Bench) -> None:
    reference = box.accept(mail(bcc=["d@example.com"]))
    for verdict in (sent(), failed()):
        item = take(box)
        assert item is not None
        assert box.outbox.begin(item.envelope, 330.0, 42, at(0.0))
        box.outbox.record(item.envelope, verdict, REFUSED, at(0.0))
    assert box.story(reference) == [State.QUEUED, State.PARTLY_SENT]


def test_what_was_tried_before_is_known_of_each_part(box: Bench) -> None:
    box.accept(mail(to=["a@example.com"], bcc=["d@example.com"]))
    # As an earlier version did it.
    box.attempt(again(0.0, attempts=3), 0.0)
    histories = []
    while item := take(box):
        histories.append(item.history)
        assert box.outbox.begin(item.envelope, 330.0, 42, at(0.0))
        box.outbox.record(item.envelope, sent(4), REFUSED, at(0.0))
    assert histories == [History(3), History(3)]


def test_a_flood_for_hidden_addresses_goes_out_as_one(box: Bench) -> None:
    for number in range(10):
        box.accept(mail(f"Alarm {number}", bcc=["d@example.com"]))
    first = take(box)
    assert first is not None
    assert (first.subject, first.addresses.to, first.addresses.bcc) == (
        "10 emails",
        ("a@example.com",),
        (),
    )
    assert box.outbox.begin(first.envelope, 330.0, 42, at(0.0))
    box.outbox.record(first.envelope, sent(), REFUSED, at(0.0))
    second = take(box)
    assert second is not None
    assert (second.subject, seen(write(second))) == (
        "10 emails",
        (("d@example.com",), (), ()),
    )


def test_what_shows_nothing_hidden_stays_as_it_is(box: Bench) -> None:
    box.accept(mail(to=[], bcc=["d@example.com"]))
    item = box.due()
    assert item is not None
    parting = partial(apart, capacity=MODULE)
    assert box.outbox.keep_apart(item, parting, at(0.0)) is item
