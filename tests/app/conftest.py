"""What all tests of pages share."""

import pytest

from app import resources


@pytest.fixture(autouse=True)
def _nothing_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes with Cutaway, sweeps and features, stays away: tested by itself and in the browser."""
    monkeypatch.setattr(resources, "bundled", lambda: None)
    monkeypatch.setattr(resources, "bundled_features", lambda: None)
