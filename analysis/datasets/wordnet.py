"""ImageNet's classes by their WordNet ids, as timm knows them."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from analysis.datasets.arrangement import WORDNET_ID
from analysis.errors import DataError

if TYPE_CHECKING:
    from timm.data.imagenet_info import ImageNetInfo


@cache
def imagenet() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(WordNet id, its words) of the 1,000 classes in index order: ("n01440764", ("tench", "Tinca tinca"))."""
    return tuple((wnid, words_of(wnid) or ()) for wnid in _info("imagenet-1k").label_names())


def words_of(wnid: str) -> tuple[str, ...] | None:
    """The words for a WordNet id of ImageNet-21k, or None if it has no such class."""
    found = _descriptions().get(wnid)
    return None if found is None else tuple(w.strip() for w in found.split(",") if w.strip())


def wordnet_id(name: str) -> str | None:
    """The id in a class name, as in "n01440764", "tench (n01440764)" or "n01440764_tench"."""
    found = re.search(r"(?<![0-9a-z])(n\d{8})(?!\d)", name.lower())
    return found.group(1) if found else None


def titled(given: Sequence[str] | None, source: str) -> Callable[[Sequence[str]], Sequence[str]]:
    """How folders' names become class names: those given, in the folders' order; "tench (n01440764)"; unchanged."""

    def titles(folders: Sequence[str]) -> Sequence[str]:
        if given is not None:
            if len(given) != len(folders):
                raise DataError(
                    f"{len(given):,} class names were given, but '{source}' has {len(folders):,} classes: "
                    f"{', '.join(folders[:5])} ... Give one for each folder, in the order of their names."
                )
            return given
        if folders and all(WORDNET_ID.fullmatch(f) for f in folders):
            return [f"{words[0]} ({f})" if (words := words_of(f)) else f for f in folders]
        return folders

    return titles


@cache
def _descriptions() -> dict[str, str]:
    infos = [_info("imagenet-22k"), _info("imagenet-1k")]
    return {wnid: info.label_name_to_description(wnid) for info in infos for wnid in info.label_names()}


def _info(subset: str) -> "ImageNetInfo":
    from timm.data.imagenet_info import ImageNetInfo  # brings torch

    return ImageNetInfo(subset)
