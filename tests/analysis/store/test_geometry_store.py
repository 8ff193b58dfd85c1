"""What was measured of features: kept with its arrays, given back as it was, gone with its pass."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest

from analysis.errors import BadTable, StoreError
from analysis.measurements import Measurement
from analysis.records import JobRecord
from analysis.store import Store
from analysis.store.geometry import MOST_EXACT, place_of
from analysis.store.schema import MIGRATIONS
from analysis.store.upkeep import ORPHAN_SECONDS
from models.errors import UnknownName

WHEN = datetime(2026, 11, 21, 3, 4, 5, 678901, UTC)
NAN = float("nan")
TAP = "layer4.0:x/y"


@pytest.fixture
def store(tmp_path, world):
    with Store.open(tmp_path / "workspace") as opened:
        record, *_ = world.fill(opened)
        for name in ("datasets", "passes"):
            (opened.workspace / name).mkdir()
        (opened.workspace / "datasets" / record.dataset_id).mkdir()
        for each in opened.passes():
            (opened.workspace / "passes" / each.pass_id).mkdir()
        yield opened


def a_number(measure: str = "nc1", value: float = 0.25, **changes) -> Measurement:
    found = Measurement(
        pass_id="pass0",
        tap=TAP,
        place=7,
        measure=measure,
        params={"form": "trace", "k": 3, "strict": False, "share": 0.5},
        version=2,
        value=value,
        samples=300,
        low=NAN,
        high=NAN,
        interval="",
        why="",
        caveats=("Größe: only 3 of 4 classes have samples.",),
        seconds=0.5,
        computed_at=WHEN,
    )
    return replace(found, **changes)


def same(found: list[Measurement], expected: list[Measurement]) -> bool:
    """NaN is not NaN, but None is None."""
    return [n.to_json() for n in found] == [n.to_json() for n in expected]


def mine(store: Store) -> list[str]:
    return [said for said in store.check() if "measure" in said or "geometry" in said]


def test_other_parameters_are_kept_beside_the_usual_ones(store):
    usual, turned = a_number("mle", 3.0), a_number("mle(k=5)", 4.0, arrays=("own",))
    store.geometry.save([usual], None)
    store.geometry.save([turned], {(TAP, "mle(k=5)"): {"own": np.arange(3.0)}})
    assert same(store.geometry.numbers(["pass0"]), [usual])
    assert same(store.geometry.numbers(["pass0"], ["mle"]), [usual])
    assert same(store.geometry.numbers(["pass0"], ["mle(k=5)"]), [turned])
    assert same(store.geometry.numbers(["pass0"], turned=True), [usual, turned])
    assert store.geometry.arrays("pass0", TAP, "mle(k=5)")["own"].tolist() == [0, 1, 2]
    assert store.geometry.arrays("pass0", TAP, "mle") == {}
    assert mine(store) == []


def test_numbers_come_back_as_they_were(store):
    numbers = [
        a_number("angles", 1.5, tap="conv1", place=0, low=1.25, high=1.75, interval="200 bootstrap resamples"),
        a_number("nc1", NAN, why="not defined here because fewer than two classes have samples", caveats=()),
        a_number("cka", 0.5, other_pass="pass1", other_tap=TAP),
        a_number("cka", 0.75, other_pass="pass0", other_tap="conv1"),
        a_number("nc1", float("inf"), pass_id="pass1", params={}),
    ]
    store.geometry.save(numbers)
    found = store.geometry.numbers(["pass0", "pass1"])
    assert same(found, [numbers[0], numbers[3], numbers[2], numbers[1], numbers[4]])
    assert same(store.geometry.numbers(["pass0"], ["nc1", "nothing"]), [numbers[1]])
    assert store.geometry.taps(["pass0", "pass1", "pass2"]) == {"pass0": ("conv1", TAP), "pass1": (TAP,)}
    assert store.geometry.numbers(["pass0"], []) == store.geometry.numbers([]) == []
    assert not (store.workspace / "geometry").exists()


def test_arrays_come_back_by_tap_and_measure(store):
    spectrum, cosines = np.linspace(3, 0, 64), np.arange(9, dtype=np.float32).reshape(3, 3)
    classes, large = np.array([0, 2, 3]), np.full((300, 300), 1 / 3)
    assert large.size > MOST_EXACT
    store.geometry.save(
        [
            a_number("pca", arrays=("spectrum",)),
            a_number("angles", arrays=("cosines", "classes", "large")),
            a_number("cka", other_pass="pass1", other_tap=TAP, arrays=("spectrum",)),
        ],
        {
            (TAP, "pca"): {"spectrum": spectrum},
            (TAP, "angles"): {"cosines": cosines, "classes": classes, "large": large},
            (TAP, "cka", "pass1", TAP): {"spectrum": spectrum[:2]},
        },
    )
    found = store.geometry.arrays("pass0", TAP, "angles")
    assert set(found) == {"cosines", "classes", "large"}
    np.testing.assert_array_equal(found["cosines"], cosines)
    np.testing.assert_array_equal(found["classes"], classes)
    assert found["large"].dtype == np.float32
    own = store.geometry.arrays("pass0", TAP, "pca")["spectrum"]
    assert own.dtype == np.float64
    np.testing.assert_array_equal(own, spectrum)
    np.testing.assert_array_equal(store.geometry.arrays("pass0", TAP, "cka", "pass1", TAP)["spectrum"], spectrum[:2])
    assert store.geometry.arrays("pass0", TAP, "cka") == {}
    assert store.geometry.arrays("pass0", "conv1", "pca") == {}
    assert mine(store) == []
    assert store.size_report()["geometry"] > large.size * 4


def test_the_later_takes_the_place_of_the_earlier_and_others_stay(store):
    first = a_number("pca", arrays=("spectrum", "more"))
    other = a_number("angles", arrays=("cosines",))
    arrays = {(TAP, "pca"): {"spectrum": np.ones(3), "more": np.ones(2)}, (TAP, "angles"): {"cosines": np.eye(2)}}
    store.geometry.save([first, other], arrays)
    later = replace(first, value=9.0, arrays=("spectrum",), computed_at=WHEN + timedelta(days=1))
    store.geometry.save([first, later], {(TAP, "pca"): {"spectrum": np.zeros(5)}})
    assert same(store.geometry.numbers(["pass0"]), [other, later])
    assert set(store.geometry.arrays("pass0", TAP, "pca")) == {"spectrum"}
    np.testing.assert_array_equal(store.geometry.arrays("pass0", TAP, "pca")["spectrum"], np.zeros(5))
    np.testing.assert_array_equal(store.geometry.arrays("pass0", TAP, "angles")["cosines"], np.eye(2))
    store.geometry.save([replace(later, arrays=())])
    assert store.geometry.arrays("pass0", TAP, "pca") == {}
    assert mine(store) == []


def test_arrays_and_numbers_must_go_together(store):
    with pytest.raises(BadTable, match="names arrays"):
        store.geometry.save([a_number(arrays=("spectrum",))])
    with pytest.raises(BadTable, match="without a number"):
        store.geometry.save([a_number()], {("conv1", "nc1"): {"spectrum": np.ones(1)}})
    both = [a_number(arrays=("x",)), a_number(pass_id="pass1", arrays=("x",))]
    with pytest.raises(BadTable, match="two passes"):
        store.geometry.save(both, {(TAP, "nc1"): {"x": np.ones(1)}})
    assert store.geometry.numbers(["pass0", "pass1"]) == []


def test_without_its_pass_nothing_is_kept(store):
    with pytest.raises(UnknownName, match="pass"):
        store.geometry.save([a_number(pass_id="gone")])
    with pytest.raises(UnknownName, match="pass"):
        store.geometry.save([a_number(), a_number("cka", other_pass="gone", other_tap=TAP)])
    with pytest.raises(StoreError, match="cannot be the id"):
        store.geometry.arrays("../other", TAP, "nc1")
    assert store.counts()["geometry_score"] == 0


def filled(store: Store) -> None:
    store.geometry.save([a_number(arrays=("x",))], {(TAP, "nc1"): {"x": np.ones(1)}})
    against = a_number("cka", pass_id="pass1", other_pass="pass0", other_tap=TAP)
    store.geometry.save([a_number(pass_id="pass1", arrays=("x",)), against], {(TAP, "nc1"): {"x": np.ones(1)}})


def test_it_can_be_forgotten(store):
    filled(store)
    store.geometry.forget("pass0")
    store.geometry.forget("pass0")
    assert [(n.pass_id, n.measure) for n in store.geometry.numbers(["pass0", "pass1"])] == [("pass1", "nc1")]
    assert [p.name for p in (store.workspace / "geometry").iterdir()] == ["pass1"]
    assert store.pass_record("pass0") is not None


def test_it_goes_with_its_pass(store):
    filled(store)
    store.delete_pass("pass0")
    assert [(n.pass_id, n.measure) for n in store.geometry.numbers(["pass0", "pass1"])] == [("pass1", "nc1")]
    assert [p.name for p in (store.workspace / "geometry").iterdir()] == ["pass1"]
    assert mine(store) == []


@pytest.mark.parametrize("what", ["dataset", "model"])
def test_it_goes_with_its_dataset_or_model(store, what):
    filled(store)
    if what == "dataset":
        store.delete_dataset(store.datasets()[0].dataset_id)
    else:
        store.delete_model("m" * 64)
    assert store.counts()["geometry_score"] == 0
    assert [*(store.workspace / "geometry").iterdir()] == []


def test_what_is_lost_is_said(store):
    filled(store)
    assert mine(store) == []
    place_of(store.workspace, "pass0", TAP).unlink()
    place_of(store.workspace, "pass1", TAP).write_bytes(b"no archive")
    said = mine(store)
    assert len(said) == 2
    assert all(f"at {TAP} has lost its spectra and matrices" in each for each in said)
    assert store.geometry.arrays("pass0", TAP, "nc1") == {}
    with pytest.raises(StoreError, match="Measure it again"):
        store.geometry.arrays("pass1", TAP, "nc1")
    filled(store)
    assert mine(store) == []


def test_what_workers_left_goes_once_nothing_is_under_way(store):
    filled(store)
    left = store.workspace / "geometry" / ".abc.made"
    left.mkdir()
    (left / "numbers.json").write_text("[]")
    old = datetime.now(UTC).timestamp() - 2 * ORPHAN_SECONDS
    for path in (left, *left.iterdir(), *(store.workspace / "geometry").rglob("*")):
        os.utime(path, (old, old))
    job = JobRecord("key", "geometry", "Geometry", {}, "queued", "", WHEN)
    store.put_job(job)
    store.compact()
    assert left.is_dir()
    store.put_job(replace(job, state="done"))
    assert any(left.name in each for each in mine(store))
    store.compact()
    assert not left.exists()
    assert set(store.geometry.arrays("pass0", TAP, "nc1")) == {"x"}


def test_tables_are_taken_in_with_the_arrays_that_are_there(store, tmp_path):
    filled(store)
    before = store.geometry.numbers(["pass0", "pass1"])
    store.export_to(tmp_path / "tables")
    with store._database.cursor() as db:
        db.execute("DELETE FROM geometry_score")
    store.import_from(tmp_path / "tables")
    assert same(store.geometry.numbers(["pass0", "pass1"]), before)
    with Store.open(tmp_path / "elsewhere") as other:
        other.import_from(tmp_path / "tables")
        assert same(other.geometry.numbers(["pass0", "pass1"]), [replace(n, arrays=()) for n in before])
        assert mine(other) == []


def test_an_older_workspace_gets_the_table(tmp_path, world):
    with Store.open(tmp_path / "old") as store:
        world.fill(store)
    with duckdb.connect(str(tmp_path / "old" / "store.duckdb")) as db:
        db.execute("DROP TABLE geometry_score")
        db.execute("DELETE FROM _migration WHERE migration_id >= 6")
    with Store.open(tmp_path / "old") as store:
        assert store.warnings == ()
        store.geometry.save([a_number()])
        assert len(store.geometry.numbers(["pass0"])) == 1
        assert len(store.passes()) == 2
    assert MIGRATIONS[5].__name__ == "m006_geometry"
