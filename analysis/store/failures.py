"""What DuckDB's errors mean for a user. Their kinds are too coarse, so their texts are read."""

import errno
import re
from pathlib import Path

import duckdb

from analysis.errors import StoreBusy, StoreError, StoreTooNew

_BUSY = ("Could not set lock", "used by another process", "different configuration", "already attached")
_TOO_NEW = ("we can only read", "newer version of DuckDB", "greater than the latest version")
_DAMAGE = ("Corrupt database file", "Corrupt WAL", "does not match stored checksum")
_FULL = ("No space left", "File too large", "Disk quota")
_ELSEWHERE = ("Cannot open file", "Permission denied", "Read-only", "Is a directory", "No such file", "Input/output")


def is_damage(error: duckdb.Error) -> bool:
    """Whether the file is damaged, seen while it was in use."""
    return any(sign in str(error) for sign in _DAMAGE)


def is_conflict(error: BaseException | None) -> bool:
    """Whether a second store on the same file, in this process, got in between; then trying again helps."""
    conflicts = isinstance(error, duckdb.TransactionException | duckdb.ConstraintException)
    return conflicts and "Failed to commit: Could not" not in str(error)  # that is the disk


def judged(error: duckdb.Error, path: Path) -> duckdb.Error:
    """The error again if it means damage; raises what the user can act on if it does not."""
    text = str(error)
    if any(sign in text for sign in _BUSY):
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder[1]}" if holder else "another process"
        raise StoreBusy(
            f"The workspace '{path.parent.name}' is in use by {who}. "
            "Close the other Cutaway, or choose another workspace."
        ) from error
    if any(sign in text for sign in _TOO_NEW):
        raise StoreTooNew(
            f"The workspace '{path.parent.name}' was written by a newer DuckDB than {duckdb.__version__}. "
            "Update duckdb, or choose another workspace."
        ) from error
    if isinstance(error, duckdb.OutOfMemoryException) or any(sign in text for sign in (*_FULL, *_ELSEWHERE)):
        raise StoreError(sentence(error)) from error
    return error


def sentence(error: duckdb.Error) -> str:
    """One line without paths; the rest is in the log, through the error's cause."""
    text = str(error)
    if any(sign in text for sign in _FULL):
        return "The workspace's disk is full. Make room, and ask again."
    if is_damage(error):
        return "The workspace's database is damaged. Ask again: it will be set aside and begun anew."
    if isinstance(error, duckdb.FatalException):
        return "The workspace's database stopped after an error and will be opened again. Ask again."
    line = re.sub(r"""(["'])[^"']*[/\\].*\1""", "a file", text.splitlines()[0])
    return f"The workspace's database failed: {line[:200]}"


def unwritable(error: OSError, what: str = "workspace") -> str:
    """One sentence about files, without their paths."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The {what}'s disk is full. Nothing was kept; make room, and ask again."
    return f"The {what} cannot be written ({error.strerror or type(error).__name__}). Check the folder's permissions."
