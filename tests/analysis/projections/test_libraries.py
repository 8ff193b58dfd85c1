import logging
import warnings

import pytest

from analysis.errors import Cancelled
from analysis.projections.libraries import Ticks, epochs, one_thread, quiet


def test_quiet_ends_with_the_block(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("loud")
    with quiet("loud"):
        logger.warning("not heard")
        warnings.warn("neither", UserWarning, stacklevel=1)
    logger.warning("heard")
    assert [r.message for r in caplog.records] == ["heard"]
    with pytest.warns(UserWarning, match="again"):
        warnings.warn("again", UserWarning, stacklevel=1)


def test_epochs_are_read_as_progress() -> None:
    from tqdm import tqdm

    told: list[tuple[float, str]] = []
    ticks = Ticks(lambda done, words: told.append((done, words)), start=0.5)
    for _ in tqdm(range(4), **{**epochs(ticks), "mininterval": 0}):
        pass
    assert told[0] == (0.5, "epoch 0 of 4")
    assert (0.75, "epoch 2 of 4") in told
    assert told[-1] == (1.0, "epoch 4 of 4")


def test_a_stop_passes_once() -> None:
    from tqdm import tqdm

    told: list[str] = []

    def report(done: float, words: str) -> None:
        told.append(words)
        if done >= 0.5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        for _ in tqdm(range(4), **{**epochs(Ticks(report)), "mininterval": 0}):
            pass
    assert told[-1] == "epoch 2 of 4"


def test_one_thread_and_then_as_before() -> None:
    import numba

    before = numba.get_num_threads()
    with one_thread():
        assert numba.get_num_threads() == 1
    assert numba.get_num_threads() == before
