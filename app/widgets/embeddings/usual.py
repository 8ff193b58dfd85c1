"""What a new page shows, and what a pane means where its choice leaves something open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.embeddings import Embedding, Source
from analysis.passes.conditions import CLEAN
from app import families, resources
from app.embeddings_choice import Choice, Pane

LAST, QUICK, BEST = "penultimate", "pca", "umap"


def panes(choice: Choice, sources: Sequence[Source], embeddings: Sequence[Embedding]) -> tuple[Pane, ...]:
    """Those of the choice, with nothing left open; without any, the first model and a variant of it."""
    if choice.panes:
        first = _first(sources)
        return tuple(filled(pane, sources, first) for pane in choice.panes)
    first = _first(sources)
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
    if not sources:
        return None
    variants = _variants() if len({s.model_name for s in sources}) > 1 else set()
    return min(sources, key=lambda s: (s.condition != CLEAN.name, s.model_name in variants, s.tap != LAST))


def _variants() -> set[str]:
    return {m.name for m in _members() if m.parent}


def _members():
    from analysis.pipelines.variants import members

    return members(resources.store(), resources.settings().imported_models)


def _variant(first: Source, sources: Sequence[Source]) -> Source | None:
    """Of another model that was made from the first one, at the same place: of middle sparsity where there is one."""
    here = {s.model_name: s for s in sources if (s.tap, s.condition) == (first.tap, first.condition)}
    if len(here) < 2:
        return None
    line = families.line(first.model_name, _members())
    known = sorted((m for m in line if m.name in here and m.name != first.model_name), key=_from_middle)
    return here[known[0].name] if known else None


def _from_middle(member) -> float:
    return abs(families.sparsity(member) - families.MIDDLE)


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
