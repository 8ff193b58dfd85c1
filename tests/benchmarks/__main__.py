"""`make bench`: every benchmark, one after the other."""

from tests.benchmarks import attribution, first_paint, pages, passes, store

if __name__ == "__main__":
    attribution.main()
    passes.main([])
    store.main([])
    first_paint.main([])
    pages.main([])
