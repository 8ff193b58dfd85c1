"""Works side by side: all are done, told once, and end together."""

import threading
import time

import pytest
from threadpoolctl import threadpool_info

from analysis.engine.side_by_side import side_by_side
from analysis.errors import Cancelled
from analysis.types import silent

SOON = 20.0  # seconds; an upper bound


def threads_of_blas() -> set[int]:
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


@pytest.mark.parametrize("workers", [1, 3])
def test_every_work_is_done_and_told(workers):
    done, told = [], []

    def work(number):
        def run(report):
            report(0.5, f"half of {number}")
            done.append(number)

        return run

    side_by_side([work(i) for i in range(7)], lambda fraction, message: told.append((fraction, message)), workers)
    assert sorted(done) == list(range(7))
    assert sorted(message for _, message in told) == [f"half of {i}" for i in range(7)]
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert 0 < told[0][0] < told[-1][0] < 1


def test_they_run_at_the_same_time_with_one_thread_of_blas_each():
    import numpy as np

    np.ones((2, 2)) @ np.ones((2, 2))
    before, meeting, seen = threads_of_blas(), threading.Barrier(2), []

    def work(report):
        meeting.wait(SOON)  # would break, were they one after the other
        seen.append(threads_of_blas())

    side_by_side([work, work], silent, 2)
    assert seen == [{1}, {1}]
    assert threads_of_blas() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_ends_the_others_at_their_next_report(workers):
    begun = []

    def fails(report):
        begun.append("fails")
        raise ValueError("bad layer")

    def endless(report):
        begun.append("endless")
        for _ in range(int(SOON / 0.01)):
            time.sleep(0.01)
            report(0.1, "")
        pytest.fail("nobody stopped it")

    works = [fails, endless, *[endless] * 5] if workers == 1 else [endless, fails, *[endless] * 5]
    with pytest.raises(ValueError, match="bad layer"):
        side_by_side(works, silent, workers)
    assert len(begun) == workers  # who waited is not begun


def test_a_report_that_cancels_ends_all():
    def report(fraction, message):
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        side_by_side([lambda report: report(0.0, "")] * 4, report, 2)


def test_nothing_to_do():
    side_by_side([], silent)
