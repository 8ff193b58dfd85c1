"""What a new page shows, and what a pane means where its choice leaves something open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from analysis.embeddings import Embedding, Source
from analysis.passes.conditions import CLEAN
from app import families
from app.embeddings_choice import Choice, Pane

LAST, QUICK, BEST = "penultimate", "pca", "umap"


def panes(choice: Choice, sources: Sequence[Source], embeddings: Sequence[Embedding]) -> tuple[Pane, ...]:
    """Those of the choice, with nothing left open; without any, the first model and a variant of it."""
    first = _first(sources)
    if choice.panes:
        return tuple(filled(pane, sources, first) for pane in choice.panes)
    if first is None:
        return ()
    found = [_best(first, embeddings)]
    if (other := _variant(first, sources)) is not None:
        found.append(replace(found[0], model=other.model_name))
    return tuple(found)


def filled(pane: Pane, sources: Sequence[Source], first: Source | None) -> Pane:
    """Without a model the usual one, without a tap the features before the head, else the first that is kept.

    Where none is kept, the tap stays open: running the model tells.
    """
    model = pane.model or (first.model_name if first else "")
    taps = [s.tap for s in sources if s.model_name == model and s.condition == pane.condition]
    usual = LAST if LAST in taps else next(iter(taps), "")
    return replace(pane, model=model, tap=pane.tap or usual)


def _first(sources: Sequence[Source]) -> Source | None:
    """Of a model that is a variant of none where there is one, clean, before the head."""
    names = {s.model_name for s in sources}
    if not names:
        return None
    return min(sources, key=lambda s: (s.condition != CLEAN.name, made_from(s.model_name, names), s.tap != LAST))


def made_from(name: str, names: Collection[str]) -> bool:
    """Whether a model is a variant of another of these, by its name: `shapes-cnn-lrr-80` is of `shapes-cnn`.

    Cards would tell for sure, but reading them imports torch, and this decides what a first visit shows.
    """
    return any(name.startswith(f"{other}-") for other in names)


def _variant(first: Source, sources: Sequence[Source]) -> Source | None:
    """Of a variant of the first one's model, read at the same place: of middle sparsity where names tell it."""
    here = [s for s in sources if (s.tap, s.condition) == (first.tap, first.condition)]
    return min((s for s in here if made_from(s.model_name, [first.model_name])), key=_from_middle, default=None)


def _from_middle(source: Source) -> tuple[float, str]:
    last = source.model_name.rpartition("-")[2]
    share = int(last) / 100 if last.isdecimal() and len(last) < 3 else 0.0
    return abs(share - families.MIDDLE), source.model_name


def _best(source: Source, embeddings: Sequence[Embedding]) -> Pane:
    """UMAP where it is stored, else PCA."""
    usual = Pane(source.model_name, source.tap, source.condition, QUICK)
    stored = next((e for e in embeddings if _is_of(e, source) and e.method == BEST and e.dims == 2), None)
    return usual if stored is None else replace(usual, method=BEST, params=differing(stored), seed=stored.seed)


def _is_of(embedding: Embedding, source: Source) -> bool:
    return (embedding.pass_id, embedding.tap) == (source.pass_id, source.tap)


def differing(embedding: Embedding) -> tuple[tuple[str, str], ...]:
    """The parameters that are not the method's own, as texts."""
    from analysis.projections import PROJECTIONS

    if embedding.method not in PROJECTIONS:
        return ()
    own = PROJECTIONS[embedding.method].bound()
    return tuple((n, str(v)) for n, v in embedding.params.items() if n in own and v != own[n])
