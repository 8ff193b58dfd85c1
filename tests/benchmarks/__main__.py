"""`make bench`: every benchmark, one after the other."""

from tests.benchmarks import attribution

if __name__ == "__main__":
    attribution.main()
