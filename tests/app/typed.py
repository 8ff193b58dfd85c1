"""The command as a user types it, in this process."""

import json

import pytest

from app import cli


def cutaway(*words: object) -> int:
    """Run it; the exit code."""
    with pytest.raises(SystemExit) as left:
        cli.main([str(word) for word in words])
    return int(left.value.code or 0)


def answered(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    """What it says with --json."""
    capsys.readouterr()
    assert cutaway(*words, "--json") == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)
