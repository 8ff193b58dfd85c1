"""A short list of a network's taps, for a picker: one place for each resolution."""

import re
from collections.abc import Iterable, Mapping

from models.classifier import Tap
from models.layouts import in_attention

# what comes before the blocks, and their pieces: normalisation, activation, pooling, shortcuts, halves
_PIECE = re.compile(
    r"^(stem|patch_embed|bn|norm|act|relu|drop|pool|pre_norm|max_?pool|global_pool|down|ds|ls|mlp|se|conv_?dw|conv|fc)[\w]*$"
)
_FEW = 4


def stages(taps: Mapping[str, Tap], default: str | None = None) -> list[Tap]:
    """The last block of each resolution, in order of execution, and the default tap among them.

    Where the whole network has one resolution (plain transformers), four blocks spread over its depth.
    """
    maps = [t for t in taps.values() if t.spatial and not in_attention(t.name)]
    parents = {part for name in taps for part in _ancestors(name)}
    chosen = {}
    grids = list(dict.fromkeys(t.grid for t in maps))
    for grid in grids:
        same = [t for t in maps if t.grid == grid]
        blocks = [t for t in same if t.name in parents and not _PIECE.match(t.name.split(".")[-1])] or same
        outer = [t for t in blocks if _depth(t) == min(_depth(b) for b in blocks)]
        chosen[grid] = outer[-1]
    found = list(chosen.values())
    tokens = [t for t in maps if t.layout == "tokens"]
    if len({t.grid for t in tokens}) == 1 and len(tokens) > len(maps) / 2:
        found = _spread(tokens, parents) or found
    return _with_default(found, taps, default)


def _spread(tokens: Iterable[Tap], parents: set[str]) -> list[Tap]:
    """Four of the longest run of numbered siblings: `blocks.2`, `blocks.5` ..."""
    siblings: dict[str, list[Tap]] = {}
    for tap in tokens:
        stem, _, number = tap.name.rpartition(".")
        if re.search(r"\d+$", number) and tap.name in parents:
            siblings.setdefault(stem, []).append(tap)
    longest = max(siblings.values(), key=len, default=[])
    count = min(_FEW, len(longest))
    return [longest[(i + 1) * len(longest) // count - 1] for i in range(count)]


def _with_default(found: list[Tap], taps: Mapping[str, Tap], default: str | None) -> list[Tap]:
    """The default closes the list for its resolution: what follows it there tells no more."""
    if default is None or default in [t.name for t in found]:
        return found
    tap = taps[default]
    order = {name: place for place, name in enumerate(taps)}
    alone = sum(t.grid == tap.grid for t in found) == 1
    kept = [t for t in found if t.grid != tap.grid or (order[t.name] < order[default] and not alone)]
    return sorted([*kept, tap], key=lambda t: order[t.name])


def _ancestors(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _depth(tap: Tap) -> int:
    return tap.name.count(".")
