"""Class names from a text or JSON file.

Text: one name a line, in index order. JSON: a list of names; a list of {"index", "name"}; or a
mapping from index to a name, to a list ending in the name (`{"0": ["n01440764", "tench"]}`) or,
the other way round, from name to index.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.errors import CheckpointMismatch, ModelError


def read(path: Path) -> tuple[str, ...]:
    """The names in index order."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path.name} cannot be read as a list of class names (UTF-8 text or JSON).") from error
    if path.suffix.lower() == ".json" or text.lstrip()[:1] in ("[", "{"):
        try:
            names = _from_json(json.loads(text))
        except (ValueError, TypeError, LookupError) as error:
            raise ModelError(
                f"{path.name} is no list of class names: expected JSON of the form "
                '["cat", "dog"] or {"0": "cat", "1": "dog"}, or a text file with one name a line.'
            ) from error
    else:
        names = [line.strip() for line in text.splitlines() if line.strip()]
    if not names:
        raise ModelError(f"{path.name} holds no class names.")
    return tuple(names)


def _from_json(content: Any) -> list[str]:
    if isinstance(content, Mapping) and content and all(isinstance(v, int) for v in content.values()):
        content = {str(index): name for name, index in content.items()}  # {"cat": 0}, as training scripts save it
    if isinstance(content, Mapping):
        numbered = {int(k): _name(v) for k, v in content.items()}
    else:
        numbered = {_index(v, i): _name(v) for i, v in enumerate(content)}
    if sorted(numbered) != list(range(len(content))):
        raise ValueError("indices must be 0, 1, 2 ... without gaps")
    return [numbered[i] for i in range(len(numbered))]


def _index(value: Any, place: int) -> int:
    return int(value.get("index", place)) if isinstance(value, Mapping) else place


def _name(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value["name"]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        value = value[-1]
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a class name must be a text")
    return value.strip()


def numbered(count: int) -> tuple[str, ...]:
    """Names for classes that have none."""
    return tuple(f"class {i}" for i in range(count))


def checked(names: Sequence[str] | None, count: int, *, what: str) -> tuple[str, ...]:
    """The names if there are as many as the network has classes; made-up ones for None."""
    if names is None:
        return numbered(count)
    if len(names) != count:
        raise CheckpointMismatch(f"The list has {len(names)} class names, but {what} has {count} classes.")
    return tuple(names)
