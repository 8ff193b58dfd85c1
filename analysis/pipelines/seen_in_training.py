"""What images are to a network: those that it was trained on, others, or not known.

It is read from the network's card and those of what it was made from, and from what is known of the dataset: a
generator and its knobs, or the name of a file. Cards are read as they lie, without torch: pages ask before it is here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis.errors import BadParameter
from analysis.records import DatasetRecord
from models.assets import ASSETS

What = Literal["trained on", "in part", "not trained on", "not known"]
_MADE = re.compile(r"(\w+) \((.*)\)")
_LEVELS = 16  # of cards, one made from another


@dataclass(frozen=True, slots=True)
class Seen:
    """What a network has seen of a dataset, and how that is known."""

    what: What
    why: str = ""

    def told(self, names: Sequence[str]) -> str:
        """A sentence about networks of these names."""
        who, were = _joined(names), "was" if len(names) == 1 else "were"
        said = {
            "trained on": f"{who} {were} trained on these images",
            "in part": f"{who} {were} trained on some of these images",
            "not trained on": f"{who} {were} not trained on these images",
            "not known": f"It is not known whether {who} {were} trained on these images",
        }[self.what]
        return said + (f": {self.why}." if self.why else ".")


def seen(dataset: DatasetRecord, model: str, imported: Path) -> Seen:
    """What a network, by its name, has seen of a dataset. imported: the folder of the workspace's own models."""
    found = [_seen(dataset, card) for card in _line(model, imported)]
    for what in ("trained on", "in part", "not known"):  # what one of its ancestors has seen, it has seen
        if (known := next((s for s in found if s.what == what), None)) is not None:
            return known
    return found[0] if found else Seen("not known", "no card here says on which images")


def told(dataset: DatasetRecord, models: Sequence[str], imported: Path) -> list[str]:
    """A sentence for each thing that is to be said, the networks of which it is said together."""
    together: dict[Seen, list[str]] = {}
    for model in models:
        together.setdefault(seen(dataset, model, imported), []).append(model)
    return [s.told(names) for s, names in together.items()]


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _line(model: str, imported: Path) -> Iterator[Mapping[str, Any]]:
    """Its card, that of what it was made from, and so on."""
    for _ in range(_LEVELS):
        card = _card(model, imported)
        if card is None:
            return
        yield card
        if not (model := str(card.get("parent") or "")):
            return


def _card(model: str, imported: Path) -> Mapping[str, Any] | None:
    for folder in (ASSETS / "models", imported):
        try:
            found = json.loads((folder / f"{model}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _seen(dataset: DatasetRecord, card: Mapping[str, Any]) -> Seen:
    variant, data = card.get("variant") or {}, str(card.get("data") or "")
    tuned = (variant.get("tuning") or {}).get("epochs", 0)
    if tuned and variant.get("data") == dataset.dataset_id:
        return Seen("trained on", "tuning was with them")
    if not data:
        return Seen("not known", "the card does not say on which images")
    made = _MADE.fullmatch(data)
    wanted = _bound(made[1], made[2]) if made else None
    if made and wanted is not None:
        return _of_generated(dataset, made[1], wanted, card)
    return _by_name(dataset, data, card)


def _bound(generator: str, listed: str) -> dict[str, Any] | None:
    """All knobs of a generator from what a card says of some; None where it says nothing of the kind."""
    from analysis.datasets.generated import GENERATORS

    if generator not in GENERATORS:
        return None
    knobs = (part.strip().rpartition(" ") for part in listed.split(",") if part.strip())
    given = {name: value for name, _, value in knobs}
    try:
        return GENERATORS[generator].bound(given)
    except BadParameter:
        return None


def _of_generated(dataset: DatasetRecord, generator: str, wanted: Mapping[str, Any], card: Mapping[str, Any]) -> Seen:
    """Of images that were made: those with the same seed and split are the same, as far as there are as many."""
    own = f"the training images were generated ({generator})"
    if dataset.kind != "generated":
        same = set(dataset.class_names) & set(card.get("class_names") or ())
        return Seen("not known", f"{own}, and these may be such images") if same else Seen("not trained on", own)
    if dataset.source != generator:
        return Seen("not trained on", f"{own}, and these are {dataset.source}")
    theirs, ours = dict(wanted), {**wanted, **dataset.params}
    if ours["split"] != theirs["split"]:
        if ours["seed"] != theirs["seed"] and "count" not in ours:
            return Seen("in part", "another seed deals the same images otherwise")
        return Seen("not trained on", f"they are of the split '{ours['split']}'")
    if ours["seed"] != theirs["seed"]:
        if "count" not in ours:  # a fixed set of images, dealt by the seed
            return Seen("in part", "another seed deals the same images otherwise")
        return Seen("not trained on", "they were made with another seed")
    counts = ours.pop("count", 0), theirs.pop("count", 0)
    if ours != theirs:
        return Seen("not known", "they were made with the training's seed, and with other settings")
    if counts[0] > counts[1]:
        return Seen("in part", f"the first {counts[1]:,} of them are the training images")
    return Seen("trained on", "they were made with the training's seed")


def _by_name(dataset: DatasetRecord, data: str, card: Mapping[str, Any]) -> Seen:
    """Of images of a file: its name is all there is to go by, and how many they are."""
    names = {_plain(dataset.name), _plain(dataset.source)}
    tests = {_plain(test) for test in card.get("accuracy") or {}}
    if names & {_plain(_first(data))} and _count(data) in (0, dataset.size):
        return Seen("trained on", f"the card names {_first(data)}")
    if names & tests:
        return Seen("not trained on", f"the card names them as a test, and {_first(data)} for training")
    return Seen("not known", f"the card names {data.rstrip('.')}")


def _first(data: str) -> str:
    return data.partition(":")[0].strip()


def _count(data: str) -> int:
    """The number of images that a card names; 0 where it names none."""
    found = re.search(r"([\d,]+) (?:\S+ )*?(?:training )?images", data)
    return int(found[1].replace(",", "")) if found else 0


def _plain(name: str) -> str:
    """A file's name without its ending, as people may write it otherwise."""
    stem = re.sub(r"\.(zip|npz|tar|tgz|parquet|csv|gz)$", "", name.strip().lower())
    return re.sub(r"[^a-z0-9]", "", stem)
