"""Fixtures that tests in every folder may use."""

from collections.abc import Generator

from hypothesis import settings
import pytest

# Imported before Home Assistant looks for custom integrations: it takes the package that is
# already there, instead of the one in the test tools' own configuration folder.
import custom_components  # noqa: F401

from . import confidential

# How long an example takes says how busy the machine is.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def _nothing_private_is_logged() -> Generator[None]:
    """Fail a test in whose log there is something private."""
    yield
    assert not list(confidential.heard())


@pytest.fixture(autouse=True)
def _integration_can_be_loaded(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load this integration, in tests that start a Home Assistant."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
