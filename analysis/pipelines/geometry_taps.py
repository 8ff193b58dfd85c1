"""Where the geometry of a network is measured: its places in order, and the telling few among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.classifier import Classifier

PENULTIMATE = "penultimate"
MOST = 16
_STAGE = re.compile(r"^((blocks?|layers?)\.)?[a-z_]*\d+$")
_PIECE = re.compile(r"^(bn|norm|ln|conv|act|relu|drop|fc|se|mlp)[\w]*$")
_ACTIVATION = re.compile(r"(relu|act|gelu|silu)[\w]*$")


def all_taps(classifier: Classifier) -> tuple[str, ...]:
    """Every place that can be read, in order of execution, with the input of a linear head before the head itself."""
    found = list(classifier.taps)
    if classifier.head is not None:
        at = found.index(classifier.head.name) if classifier.head.name in found else len(found)
        found.insert(at, PENULTIMATE)
    return tuple(found)


def main_taps(classifier: Classifier) -> tuple[str, ...]:
    """What goes into the first block and what each block gives, at most 16, from the input on.

    The last is the input of the head where that is linear, else the default tap. Where a network has no blocks, its
    activations stand for them; of many blocks an even part is taken.
    """
    order = all_taps(classifier)
    head = classifier.head.name if classifier.head is not None else ""
    inner = [name for name in order if name != PENULTIMATE and not f"{head}.".startswith(f"{name}.")]
    blocks = _blocks(inner)
    last = PENULTIMATE if classifier.head is not None else classifier.default_tap
    pooled = classifier.head.pooled_tap if classifier.head is not None else None
    if blocks:
        before = inner[
            : min(i for i, name in enumerate(inner) if name == blocks[0] or name.startswith(f"{blocks[0]}."))
        ]
        chosen = [*before[-1:], *blocks]
    else:
        chosen = [name for name in inner if _ACTIVATION.search(name.split(".")[-1])] or inner
    if pooled and chosen and (chosen[-1] == pooled or chosen[-1].startswith(f"{pooled}.")):
        chosen = chosen[:-1]  # pooled, it is the head's input
    chosen = [name for name in chosen if name != last]
    kept = _spread(chosen, MOST - (last is not None))
    return (*kept, last) if last is not None else tuple(kept)


def outline(names: Sequence[str]) -> list[str]:
    """Of measured taps those that follow one another: what lies inside a block may be on a branch beside another."""
    blocks = tuple(f"{block}." for block in _numbered(names))
    return [name for name in names if not name.startswith(blocks)]


def _blocks(names: Sequence[str]) -> list[str]:
    """The numbered containers that hold no further ones: `layer1.0`, `blocks.3.1`, `encoder.layers.encoder_layer_0`."""
    from models.layouts import in_attention  # imports torch, which a page that only reads numbers can do without

    return _numbered(names, in_attention)


def _numbered(names: Sequence[str], but: Callable[[str], bool] = lambda _: False) -> list[str]:
    parents = {name.rpartition(".")[0] for name in names}
    numbered = [
        n for n in names if n in parents and re.search(r"\d$", n) and not _PIECE.match(n.split(".")[-1]) and not but(n)
    ]
    stages = {n for n in numbered if any(m.startswith(f"{n}.") and _STAGE.match(m[len(n) + 1 :]) for m in numbered)}
    found: list[str] = []
    for name in sorted((n for n in numbered if n not in stages), key=lambda n: n.count(".")):
        if not any(name.startswith(f"{other}.") for other in found):
            found.append(name)
    return sorted(found, key=names.index)


def _spread(names: Sequence[str], most: int) -> list[str]:
    if len(names) <= most:
        return list(names)
    return [names[round(i * (len(names) - 1) / (most - 1))] for i in range(most)]
