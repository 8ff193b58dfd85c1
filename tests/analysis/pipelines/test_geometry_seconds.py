"""About how long measuring takes: the fit, what was measured before, runs that were timed."""

from pathlib import Path

import pytest

from analysis.geometry import MEASURES
from analysis.pipelines import geometry_seconds
from analysis.pipelines.geometry_asking import usual_measures
from analysis.pipelines.geometry_seconds import IMAGES, PAIR, PRODUCT, START, outlook, usual
from analysis.store import Store
from tests.app.geometry_beside import TAPS, measured

WIDTH, SAMPLES, CLASSES = 16, 400, 4


@pytest.fixture
def store(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    measured(workspace, SAMPLES, CLASSES, WIDTH, 1)
    monkeypatch.setattr(geometry_seconds, "MOST", 1)
    with Store.open(workspace) as opened:
        yield opened


def asked(store: Store, taps: tuple[str, ...], done: tuple[str, ...] = (), **changes):
    (record,) = store.passes()
    subject = {
        "pass_id": record.pass_id, "model_id": record.model_id, "run": False, "taps": [*taps], "measured": [*done],
        "widths": [WIDTH] * len(taps),
    }  # fmt: skip
    given = {"dataset": record.dataset_id, "measures": usual_measures(), "pairs": [], "compared": []}
    return given | {"subjects": [subject | changes]}


def test_nothing_is_left(store: Store):
    found = outlook(store, asked(store, TAPS, TAPS))
    assert found.nothing
    assert found.seconds == 0


def test_layers_that_are_lacking_take_what_layers_took_before(store: Store):
    (record,) = store.passes()
    one = usual(SAMPLES, WIDTH, CLASSES)
    assert outlook(store, asked(store, TAPS)).seconds == pytest.approx(START + IMAGES + 3 * one)
    took = [n for n in store.geometry.numbers([record.pass_id]) if not n.other_pass and n.tap == TAPS[0]]
    once = sum(n.seconds for n in took)
    found = outlook(store, asked(store, TAPS, TAPS[:1]))
    assert (found.layers, found.runs, found.comparisons, found.untimed) == (2, 0, 0, ())
    assert found.seconds == pytest.approx(START + IMAGES + 2 * once)


def test_runs_that_were_timed_count_and_others_are_said(store: Store):
    (record,) = store.passes()
    one = START + IMAGES + usual(SAMPLES, WIDTH, CLASSES)
    found = outlook(store, asked(store, TAPS[:1], run=True))
    assert (found.runs, found.untimed) == (1, ())
    assert found.seconds == pytest.approx(record.seconds + one)
    found = outlook(store, asked(store, TAPS[:1], run=True, model_id="another"))
    assert found.untimed == ("the run",)
    assert found.seconds == pytest.approx(one)


def test_slow_measures_and_comparisons(store: Store):
    slow = next(m.name for m in MEASURES if m.slow and m.kind != "pair")
    found = outlook(store, asked(store, TAPS[:1]) | {"measures": [*usual_measures(), slow]})
    assert found.untimed == ("slow measures",)
    found = outlook(store, asked(store, TAPS, TAPS) | {"pairs": ["cka"]})
    assert (found.comparisons, found.nothing) == (1, False)
    assert found.seconds == pytest.approx(START + 3 * PAIR + 3 * PRODUCT * SAMPLES * (3 * WIDTH) ** 2)


def test_more_samples_features_and_classes_take_longer():
    least = usual(1000, 16, 10)
    assert 0 < least < 0.1
    assert least < min(usual(5000, 16, 10), usual(1000, 64, 10), usual(1000, 16, 100))
    assert 1 < usual(5000, 64, 1000) < 4  # 1.7 to 2 s where it was fitted
