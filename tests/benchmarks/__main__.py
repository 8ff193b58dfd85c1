"""`make bench`: every benchmark, one after the other."""

from tests.benchmarks import (
    attribution,
    corruptions,
    embeddings,
    first_paint,
    geometry,
    pages,
    passes,
    pruning,
    store,
    sweep,
    sweeps_store,
)

if __name__ == "__main__":
    attribution.main()
    passes.main([])
    store.main([])
    pruning.main([])
    corruptions.main([])
    sweep.main([])
    sweeps_store.main([])
    first_paint.main([])
    pages.main([])
    embeddings.main([])
    geometry.main([])
