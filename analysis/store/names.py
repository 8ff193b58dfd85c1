"""What a user may call a thing, and what may be the name of a folder."""

import re
from collections.abc import Iterable

from analysis.errors import BadName, StoreError

_LONGEST = 120


def checked_name(kind: str, name: str, taken: Iterable[str] = ()) -> str:
    """The name without spaces at its ends; BadName if it is empty, long, not one line, or taken."""
    name = name.strip()
    if not name:
        raise BadName(f"The {kind} needs a name. Give it one, such as 'first try'.")
    if len(name) > _LONGEST:
        raise BadName(f"The {kind}'s name has {len(name):,} characters. Choose one of at most {_LONGEST}.")
    if not name.isprintable():
        raise BadName(f"The {kind}'s name {name!r} has characters that cannot be shown. Use letters, digits and signs.")
    if name in set(taken):
        raise BadName(f"There is a {kind} named '{name}' already. Choose another name, or delete or rename that one.")
    return name


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it where it is taken."""
    taken, found, number = set(taken), name, 1
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found


def checked_id(kind: str, given: str) -> str:
    """The id, which is also a folder's name; StoreError if it could lead elsewhere."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,128}", given):
        raise StoreError(f"'{given[:60]}' cannot be the id of a {kind}: expected letters, digits, '-' and '_'.")
    return given
