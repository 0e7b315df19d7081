"""The roots that are offered, and what a pasted certificate must be."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.quectel_smtp.flow.certificates import (
    WELL_KNOWN,
    CertificateError,
    check_pem,
    roots,
)
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings

from .pki import root


@pytest.fixture(autouse=True)
def _read_anew() -> Generator[None]:
    roots.cache_clear()
    yield
    roots.cache_clear()


def test_the_well_known_roots_come_first() -> None:
    names = [offered.name for offered in roots()]
    assert names[: len(WELL_KNOWN)] == list(WELL_KNOWN)
    rest = [name.casefold() for name in names[len(WELL_KNOWN) :]]
    assert rest == sorted(rest)


def test_each_root_can_be_told_from_the_others_and_used() -> None:
    labels = [offered.label for offered in roots()]
    assert len(set(labels)) == len(labels)
    for offered in roots():
        assert TlsSettings(offered.pem).ca_file
        assert offered.label.isprintable()


def test_a_root_is_offered_as_it_would_be_pasted() -> None:
    pem = roots()[0].pem
    assert check_pem(pem, datetime.now(UTC)) == pem


def test_what_can_not_be_read_is_not_offered(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    garbled = root().replace("\nM", "\n/", 1)
    bundle.write_text(garbled + root(), encoding="ascii")
    with patch("certifi.where", return_value=str(bundle)):
        assert [offered.name for offered in roots()] == ["Root"]


def test_a_certificate_is_judged_by_the_time_that_it_is_given() -> None:
    with pytest.raises(CertificateError) as raised:
        check_pem(root(), datetime(2100, 1, 1, tzinfo=UTC))
    assert raised.value.key == "certificate_expired"
