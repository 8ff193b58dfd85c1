"""What all tests of pages share."""

import pytest

from app import resources


@pytest.fixture(autouse=True)
def _nothing_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweeps that come with Cutaway stay away: they are tested by themselves and in the browser."""
    monkeypatch.setattr(resources, "bundled", lambda: None)
