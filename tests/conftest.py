"""Fixtures that tests in every folder may use."""

import pytest

# Imported before Home Assistant looks for custom integrations: it takes the package that is
# already there, instead of the one in the test tools' own configuration folder.
import custom_components  # noqa: F401


@pytest.fixture(autouse=True)
def _integration_can_be_loaded(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load this integration, in tests that start a Home Assistant."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
