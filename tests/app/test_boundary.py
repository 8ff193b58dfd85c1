"""Errors end at the boundary: said calmly, never with a trace or a path."""

import re

import pytest

from app.boundary import plain, reported


def test_a_name_is_not_markdown() -> None:
    assert plain("a*b_[c](d).png") == r"a\*b\_\[c\]\(d\).png"


def test_a_bug_has_a_number_and_its_story_only_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError("secret /home/someone/file")
    said = reported(error)
    found = re.search(r"number ([0-9a-f]{8})", said)
    assert found
    assert found[1] in caplog.text
    assert "secret" in caplog.text
    assert "secret" not in said
    assert "/" not in said
