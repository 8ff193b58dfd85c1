"""Which of a classifier's classes a dataset's class is, by name.

Rules, strongest first; a rule decides only where it finds exactly one class:

    by hand       what the user said
    order         both have ImageNet's 1,000 classes in their published order, however they call them
    exact         the same text
    spelling      the same but for case, spaces, underscores, hyphens and points: "Sports_Car", "sports car"
    wordnet id    the same WordNet id in both names, or the id in one and its words in the other
    words         a word that ImageNet has for a class: "Carassius auratus" is "goldfish"
    index         numbered classes ("7", "class 7") against as many named ones, or ImageNet's 1,000

Classifiers of ImageNet in the published order are known by their names (at least 900 of 1,000 fit): then also their
two "crane" and two "maillot", which the names do not tell apart, go by WordNet id. What no rule decides is UNLABELLED.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from analysis.datasets.wordnet import imagenet, wordnet_id, words_of
from analysis.errors import DataError
from analysis.records import UNLABELLED

_NUMBERED = re.compile(r"(?:class[ _-]?)?(\d+)")
_IMAGENET = 1000
_FITTING = 900


@dataclass(frozen=True, slots=True)
class ClassMapping:
    """For every class of a dataset."""

    class_map: tuple[int, ...]  # the classifier's class, or UNLABELLED
    how: tuple[str, ...]  # the rule that found it; "unmatched"

    @property
    def unmatched(self) -> tuple[int, ...]:
        """The dataset's classes that the classifier does not know."""
        return tuple(i for i, found in enumerate(self.class_map) if found == UNLABELLED)


def match(
    dataset_classes: Sequence[str], model_classes: Sequence[str], by_hand: Mapping[str, str | int] | None = None
) -> ClassMapping:
    """Class names of both -> the mapping. `by_hand`: dataset's class -> the model's class, by name or index
    (UNLABELLED for none); DataError where either does not exist.
    """
    found: list[int] = [UNLABELLED] * len(dataset_classes)
    how = ["unmatched"] * len(dataset_classes)
    fixed = _by_hand(dataset_classes, model_classes, by_hand or {})
    for place, target in fixed.items():
        found[place], how[place] = target, "by hand"
    for rule, apply in _RULES:
        if all(h != "unmatched" for h in how):
            break
        looked_up = apply(dataset_classes, model_classes)
        for place, target in enumerate(looked_up):
            if how[place] == "unmatched" and target is not None:
                found[place], how[place] = target, rule
    return ClassMapping(tuple(found), tuple(how))


def _by_hand(dataset: Sequence[str], model: Sequence[str], said: Mapping[str, str | int]) -> dict[int, int]:
    fixed = {}
    for name, target in said.items():
        if name not in dataset:
            raise DataError(f"The dataset has no class '{name}'; it has {', '.join(dataset[:12])} ...")
        if isinstance(target, str):
            if target not in model:
                raise DataError(f"The classifier has no class '{target}'; it has {', '.join(model[:12])} ...")
            target = list(model).index(target)
        if not UNLABELLED <= target < len(model):
            raise DataError(f"The classifier has the classes 0 to {len(model) - 1:,}, not {target:,}.")
        fixed[list(dataset).index(name)] = target
    return fixed


Found = list[int | None]


def _order(dataset: Sequence[str], model: Sequence[str]) -> Found:
    """Before the names: "crane" is a bird in one list and a machine in another."""
    same = in_published_order(model) and in_published_order(dataset)
    return list(range(len(dataset))) if same else [None] * len(dataset)


def _exact(dataset: Sequence[str], model: Sequence[str]) -> Found:
    return _same(dataset, model, lambda name: name)


def _spelling(dataset: Sequence[str], model: Sequence[str]) -> Found:
    return _same(dataset, model, _plain)


def _wordnet(dataset: Sequence[str], model: Sequence[str]) -> Found:
    """Ids on both sides; else the dataset's id through ImageNet's order, or through the words of the class."""
    ids = [wordnet_id(name) for name in dataset]
    model_ids = [wordnet_id(name) for name in model]
    if not any(ids) and not any(model_ids):
        return [None] * len(dataset)
    if any(ids) and any(model_ids):
        return _unique(ids, _places(model_ids))
    if any(ids):
        if in_published_order(model):
            places = {wnid: i for i, (wnid, _) in enumerate(imagenet())}
            return [places.get(wnid) if wnid else None for wnid in ids]
        known = _places([_plain(name) for name in model])
        return [_by_words(words_of(wnid) if wnid else None, known) for wnid in ids]
    places = _places([_plain(word) for word in _first_words(model_ids)])
    return _unique([_plain(name) for name in dataset], places)


def _words(dataset: Sequence[str], model: Sequence[str]) -> Found:
    """Words of one ImageNet class on both sides; only where the classifier has ImageNet's classes."""
    if not in_published_order(model) and not any(map(wordnet_id, model)):
        return [None] * len(dataset)
    wnids = [wnid for wnid, _ in imagenet()] if in_published_order(model) else [wordnet_id(name) for name in model]
    places: dict[str, set[int]] = {}
    for place, wnid in enumerate(wnids):
        for word in (words_of(wnid) or ()) if wnid else ():
            places.setdefault(_plain(word), set()).add(place)
    return _unique([_plain(name) for name in dataset], places)


def _index(dataset: Sequence[str], model: Sequence[str]) -> Found:
    """Numbers on one side only, and as many classes on the other (or ImageNet's 1,000)."""
    numbers = [_number(name) for name in dataset]
    if all(n is not None for n in numbers) and (len(dataset) == len(model) or len(model) == _IMAGENET):
        return [n if n is not None and n < len(model) else None for n in numbers]
    if len(dataset) == len(model) and [_number(name) for name in model] == list(range(len(model))):
        return list(range(len(model)))
    return [None] * len(dataset)


_RULES: tuple[tuple[str, Callable[[Sequence[str], Sequence[str]], Found]], ...] = (
    ("order", _order),
    ("exact", _exact),
    ("spelling", _spelling),
    ("wordnet id", _wordnet),
    ("words", _words),
    ("index", _index),
)


def in_published_order(model: Sequence[str]) -> bool:
    """Whether class names are those of ImageNet's 1,000 classes in their order."""
    if len(model) != _IMAGENET:
        return False
    fitting = 0
    for name, (wnid, words) in zip(model, imagenet(), strict=True):
        if wordnet_id(name):
            fitting += wordnet_id(name) == wnid
            continue
        first = _plain(name.split(",")[0])
        fitting += any(first == _plain(word) for word in words) or first.startswith(_plain(words[0]))
    return fitting >= _FITTING


def _same(dataset: Sequence[str], model: Sequence[str], key: Callable[[str], str]) -> Found:
    return _unique([key(name) for name in dataset], _places([key(name) for name in model]))


def _places(keys: Sequence[str | None]) -> dict[str, set[int]]:
    places: dict[str, set[int]] = {}
    for place, key in enumerate(keys):
        if key:
            places.setdefault(key, set()).add(place)
    return places


def _unique(keys: Sequence[str | None], places: Mapping[str, set[int]]) -> Found:
    """The one place of each key; None where there is none or several."""
    candidates = [places.get(key, set()) if key else set() for key in keys]
    return [next(iter(c)) if len(c) == 1 else None for c in candidates]


def _by_words(words: Sequence[str] | None, places: Mapping[str, set[int]]) -> int | None:
    found = set().union(*(places.get(_plain(word), set()) for word in words or ()))
    return next(iter(found)) if len(found) == 1 else None


def _first_words(wnids: Sequence[str | None]) -> list[str]:
    described = [words_of(wnid) if wnid else None for wnid in wnids]
    return [words[0] if words else "" for words in described]


def _number(name: str) -> int | None:
    found = _NUMBERED.fullmatch(name.strip().lower())
    return int(found.group(1)) if found else None


def _plain(name: str) -> str:
    """Without what people spell differently."""
    return re.sub(r"[\s_\-./']+", "", name).casefold()
