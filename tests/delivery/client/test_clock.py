"""The later clock is the better one: one without power stands still."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.quectel_smtp.delivery.client.clock import Clock, better_clock

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "network", "better"),
    [
        (NOW, None, Clock(NOW, of_host=True)),
        (NOW, NOW + timedelta(minutes=1), Clock(NOW, of_host=True)),
        (NOW, NOW - timedelta(days=400), Clock(NOW, of_host=True)),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW, Clock(NOW, of_host=False)),
        (NOW - timedelta(days=3), NOW, Clock(NOW, of_host=False)),
    ],
)
def test_the_host_is_believed_unless_it_is_behind_the_network(
    host: datetime, network: datetime | None, better: Clock
) -> None:
    assert better_clock(host, network) == better
