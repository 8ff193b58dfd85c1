"""Measures, speeds and profiles: kept, replaced, exported, and gone with what they are of."""

from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pytest

from analysis.errors import BadTable
from analysis.records import Measures, ModelRecord, Speed
from analysis.store import Store
from analysis.store.schema import MIGRATIONS, migrate
from models.profiles import LayerProfile, Profile

LATE = datetime(2026, 11, 21, 3, 4, 5, 678901, UTC)
PROFILE = Profile(110, 62, 100, 50, 5000, 440, 260, (LayerProfile("conv", "Conv2d", (10, 1, 2, 5), 100, 50, 5000),))


def measured(dataset_id: str, **changes) -> Measures:
    found = Measures("v" * 64, "animals 0", dataset_id, 300, 0.75, 0.125, "b" * 64, 0.5, 0.25, 1.5, 150)
    return replace(found, **changes)


def speed(**changes) -> Speed:
    return replace(Speed("v" * 64, "a processor, 1 thread", 64, 1.25, 512.5, LATE), **changes)


def model(model_id: str) -> ModelRecord:
    return ModelRecord(model_id, "pruned", "resnet20_cifar", "imported", 110, LATE)


@pytest.fixture
def dataset(world, tmp_path):
    with Store.open(tmp_path / "one") as store:
        record, *_ = world.fill(store)
        yield store, record.dataset_id


def test_measures_are_kept_and_replaced(dataset):
    store, dataset_id = dataset
    unknown = measured(dataset_id, model_id="b" * 64, base_id="", accuracy=None, ece=None, agreement=None, cka=None)
    store.save_measures([measured(dataset_id), unknown])
    assert store.measures("v" * 64) == [measured(dataset_id)]
    assert store.measures("b" * 64) == [unknown]
    store.save_measures([measured(dataset_id, accuracy=0.5)])
    assert [m.accuracy for m in store.measures(dataset_id=dataset_id)] == [None, 0.5]
    assert store.measures("v" * 64, "another") == []
    store.save_measures([measured(dataset_id, base_id="c" * 64)])
    assert len(store.measures("v" * 64)) == 2, "another base is another comparison"


def test_measures_follow_the_name_of_their_dataset(dataset):
    store, dataset_id = dataset
    store.save_measures([measured(dataset_id)])
    store.rename_dataset(dataset_id, "beasts")
    assert [m.dataset_name for m in store.measures()] == ["beasts"]


def test_what_a_card_says_is_not_taken_for_measured_here(dataset):
    with pytest.raises(BadTable, match="'animals 0' have no dataset's id"):
        dataset[0].save_measures([measured("")])


def test_speeds_and_profiles_are_kept_and_replaced(dataset):
    store, _ = dataset
    store.save_speed(speed())
    store.save_speed(speed(latency_ms=1.0))
    store.save_speed(speed(device="a card"))
    store.save_speed(speed(model_id="w"))
    assert {(s.device, s.latency_ms) for s in store.speeds("v" * 64)} == {
        ("a processor, 1 thread", 1),
        ("a card", 1.25),
    }
    assert len(store.speeds()) == 3
    assert store.profile("v" * 64) is None
    store.save_profile("v" * 64, PROFILE)
    store.save_profile("v" * 64, replace(PROFILE, zeros=60))
    assert store.profile("v" * 64) == replace(PROFILE, zeros=60)
    assert store.profiles() == {"v" * 64: replace(PROFILE, zeros=60)}


def test_they_go_with_their_model_and_with_its_base(dataset):
    store, dataset_id = dataset
    for model_id in ("v" * 64, "b" * 64):
        store.save_model(model(model_id))
        store.save_profile(model_id, PROFILE)
        store.save_speed(speed(model_id=model_id))
    alone = measured(dataset_id, base_id="")
    store.save_measures([measured(dataset_id), alone])
    store.delete_model("b" * 64)
    assert store.measures() == [alone], "what was compared with a model that is gone says nothing"
    assert [*store.profiles()] == ["v" * 64]
    assert [s.model_id for s in store.speeds()] == ["v" * 64]
    store.delete_model("v" * 64)
    assert (store.measures(), store.profiles(), store.speeds()) == ([], {}, [])


def test_measures_go_with_their_dataset(dataset, world):
    store, dataset_id = dataset
    other, path, _ = world.dataset(seed=7)
    store.save_dataset(other, path)
    store.save_measures([measured(dataset_id), measured(other.dataset_id)])
    store.delete_dataset(dataset_id)
    assert store.counts()["variant_measure"] == 1
    assert [m.dataset_id for m in store.measures()] == [other.dataset_id]


def test_they_are_exported_and_taken_in(dataset, tmp_path):
    store, dataset_id = dataset
    store.save_measures([measured(dataset_id)])
    store.save_speed(speed())
    store.save_profile("v" * 64, PROFILE)
    store.export_to(tmp_path / "out")
    with Store.open(tmp_path / "two") as other:
        other.import_from(tmp_path / "out")
        assert other.measures() == [measured(dataset_id)]
        assert other.speeds() == [speed()]
        assert other.profiles() == {"v" * 64: PROFILE}
        other.import_from(tmp_path / "out")
        assert other.counts()["variant_measure"] == 1


def test_a_profile_of_another_form_counts_as_none(dataset):
    store, _ = dataset
    store.save_profile("v" * 64, PROFILE)
    store._writer.do(lambda db: db.execute("""UPDATE model_profile SET profile = '{"weights": 3}'"""))
    assert store.profile("v" * 64) is None
    assert store.profiles() == {}


def test_measures_that_lost_their_dataset_are_told(dataset):
    store, _ = dataset
    assert not [line for line in store.check() if "measures" in line]
    store.save_measures([measured("gone")])
    assert store.measures() == []
    assert [line for line in store.check() if "1 measures without a dataset" in line]


def test_a_workspace_of_the_step_before_gets_the_tables_and_keeps_its_rows():
    db = duckdb.connect(":memory:")
    db.execute("CREATE TABLE _migration (migration_id INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)")
    for number, step in enumerate(MIGRATIONS[:2], 1):
        step(db)
        db.execute("INSERT INTO _migration VALUES (?, ?, now()::TIMESTAMP)", [number, step.__name__])
    db.execute("INSERT INTO model VALUES ('m', 'n', 'a', 's', 1, now()::TIMESTAMP)")
    migrate(db)
    assert db.execute("SELECT count(*) FROM model").fetchall() == [(1,)]
    assert db.execute("SELECT count(*) FROM variant_measure").fetchall() == [(0,)]
    db.close()
