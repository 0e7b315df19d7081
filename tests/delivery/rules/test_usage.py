"""How much went over the data connection, over restarts of ours and the modem's."""

from hypothesis import given, strategies as st

from custom_components.quectel_smtp.delivery.outbox import kept
from custom_components.quectel_smtp.delivery.rules.usage import Usage
from custom_components.quectel_smtp.modem.network.traffic import Traffic

NOTHING = Traffic()
TRAFFIC = st.builds(Traffic, st.integers(0, 10**9), st.integers(0, 10**9))


def test_what_the_modem_counted_before_we_knew_it_is_not_ours() -> None:
    usage = Usage().after(Traffic(5000, 9000), Traffic(10, 20))
    assert usage == Usage(Traffic(10, 20), Traffic(5000, 9000))


def test_what_its_counter_shows_more_than_before_has_gone_over_it() -> None:
    usage = Usage(Traffic(1, 2), Traffic(5000, 9000))
    # Streams are in it already.
    usage = usage.after(Traffic(5300, 9040), Traffic(100, 10))
    assert usage.total == Traffic(301, 42)


def test_a_counter_that_shows_less_has_begun_anew() -> None:
    usage = Usage(Traffic(1, 2), Traffic(5000, 9000))
    assert usage.after(Traffic(5300, 40), NOTHING).total == Traffic(5301, 42)
    assert usage.after(Traffic(30, 9400), NOTHING).total == Traffic(31, 9402)


def test_where_the_modem_does_not_count_streams_are_counted_and_nothing_twice() -> None:
    usage = Usage(Traffic(1, 2), Traffic(5000, 9000)).after(None, Traffic(10, 20))
    assert usage == Usage(Traffic(11, 22), None)
    assert usage.after(Traffic(6000, 9900), NOTHING).total == Traffic(11, 22)


@given(st.lists(st.one_of(TRAFFIC, st.none())), TRAFFIC)
def test_it_never_becomes_less_and_survives_the_disk(
    readings: list[Traffic | None], streamed: Traffic
) -> None:
    usage = Usage()
    for reading in readings:
        later = usage.after(reading, streamed)
        assert later.total >= usage.total
        assert kept.usage(kept.usage_text(later)) == later
        usage = later
