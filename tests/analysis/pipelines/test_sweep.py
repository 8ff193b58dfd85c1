"""Sweeps: every number against the definitions, cells that depend on nothing but themselves, and what goes wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.datasets.opened import OpenDataset
from analysis.errors import Cancelled
from analysis.passes import forward
from analysis.pipelines import sweep, sweep_cells, sweep_plan
from analysis.pipelines.work import run_here
from analysis.robustness.applying import corrupted
from analysis.store import Store
from analysis.sweeps import GEOMETRY, VALUES
from models import catalogue
from tests.analysis.pipelines.sweep_specimens import COUNT, cells, dataset, digits, imported, keep, swept

NOISE = ("gaussian_noise", "contrast")


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def data(workspace: Path, store: Store) -> str:
    return dataset(workspace, store=store)


def asked(workspace: Path, data: str, models=("digits-cnn",), store: Store | None = None, **options) -> dict:
    given = {"corruptions": NOISE, "severities": (1, 4)} | options
    return sweep.asked(store, workspace, models=models, dataset=data, **given)


def by_definition(name: str, images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """All numbers of a row in float64, from one plain forward pass."""
    found = catalogue.load(name)
    seen: list[torch.Tensor] = []
    assert found.head is not None
    handle = found.module.get_submodule(found.head.name).register_forward_pre_hook(lambda m, i: seen.append(i[0]))
    with torch.no_grad():
        inputs = found.preprocessing.tensor([Image.fromarray(i[..., 0]) for i in images])
        logits = found.module(inputs).double().numpy()
    handle.remove()
    x, w = seen[0].double().numpy(), found.head.weight.double().numpy()
    b = found.head.bias.double().numpy()
    n = np.arange(len(labels))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    gaps = (x @ w.T + b)[n, labels][:, None] - (x @ w.T + b)
    apart = np.linalg.norm(w[labels][:, None] - w[None], axis=2)
    distance = np.where(apart > 0, gaps / np.where(apart > 0, apart, 1), np.inf)
    return {
        "prediction": logits.argmax(1),
        "correct": (logits.argmax(1) == labels).astype(int),
        "confidence": p.max(1),
        "loss": -np.log(p[n, labels]),
        "angle": np.arccos((w[labels] * x).sum(1) / np.linalg.norm(w[labels], axis=1) / np.linalg.norm(x, axis=1)),
        "length": np.linalg.norm(x, axis=1),
        "margin": distance.min(1),
        "brier": ((p - np.eye(10)[labels]) ** 2).sum(1),
        "max_logit": logits.max(1),
        "energy": -np.log(np.exp(logits).sum(1)),
    }


def test_every_number_of_every_cell_is_what_its_definition_says(workspace, store, data):
    arguments = asked(workspace, data, store=store)
    done = run_here(store, workspace, "sweep", arguments)
    assert (done["cells"], done["failed"]) == (5, 0)
    record = store.sweeps.one(arguments["sweep_id"])
    assert [c.name for c in record.conditions] == [
        *("clean", "gaussian_noise/1", "gaussian_noise/4", "contrast/1", "contrast/4")
    ]
    assert (record.samples, record.table, record.image_size, record.reference) == (200, "cifar", (8, 8), "digits-cnn")
    values = store.sweeps.values(record.sweep_id, ("prediction", "correct", *VALUES), members=[0], conditions=range(5))
    images, labels = digits()
    for place, condition in enumerate(record.conditions):
        shown = images
        if condition.severity:
            shown = corrupted(images, np.arange(COUNT), condition.corruption, condition.severity, seed=0)
        for name, expected in by_definition("digits-cnn", shown, labels).items():
            assert values[name][0, place] == pytest.approx(expected, rel=2e-4, abs=2e-4), (condition.name, name)
    for cell in store.sweeps.cells(record.sweep_id):
        mine = values["correct"][0, cell.condition]
        assert cell.scores["accuracy"].value == pytest.approx(mine.mean())
        assert ("auroc_msp" in cell.scores) == (cell.condition > 0)
        assert (cell.state, cell.samples, cell.remarks) == ("done", 200, ())
    assert store.sweeps.cells(record.sweep_id)[4].scores["accuracy"].value < 0.9
    assert [m.name for m in store.models()] == ["digits-cnn"]


def test_a_cell_depends_on_nothing_but_itself(workspace, data, monkeypatch):
    """Alone, in company, in another process's order of blocks: the very same files."""
    monkeypatch.setattr(sweep_plan, "BLOCK", 64)
    monkeypatch.setattr(sweep_plan, "CHUNK", 32)
    swept(workspace, asked(workspace, data, [keep(workspace, "half")]))
    alone = cells(workspace)
    assert len(alone) == 5 * 4
    for path in workspace.glob("cells/*/*"):
        path.unlink()
    many = asked(workspace, data, ["digits-cnn", "half", keep(workspace, "most", 0.9)], batch=None)
    swept(workspace, many)
    together = cells(workspace)
    assert len(together) == 15 * 4
    assert {name: together[name] for name in alone} == alone


def test_what_a_sweep_left_no_other_computes(workspace, store, data, monkeypatch):
    first = asked(workspace, data, corruptions=NOISE[:1])
    swept(workspace, first)
    before, seen = cells(workspace), []
    own = forward.Forward.__call__
    monkeypatch.setattr(forward.Forward, "__call__", lambda self, pixels: seen.append(len(pixels)) or own(self, pixels))
    more = asked(workspace, data, ["digits-cnn", keep(workspace, "half")])
    assert more["sweep_id"] != first["sweep_id"]
    run_here(store, workspace, "sweep", more)
    assert sum(seen) == COUNT * (2 + 5)  # contrast for the one, everything for the other
    assert before.items() <= cells(workspace).items()
    seen.clear()
    again = run_here(store, workspace, "sweep", more)
    assert (seen, again["cells"], again["failed"]) == ([], 10, 0)
    assert len(store.sweeps.cells(more["sweep_id"])) == 10
    assert (store.sweeps.grouped(more["sweep_id"], members=[0, 1], conditions=range(5)).samples == COUNT).all()


def test_the_seed_decides_chance_and_only_that(workspace, data):
    swept(workspace, asked(workspace, data))
    before = set(cells(workspace))
    swept(workspace, asked(workspace, data, seed=7))
    assert len(set(cells(workspace)) - before) == 2  # the noise; clean and contrast are what they were


def test_the_store_takes_what_is_whole_while_it_runs(workspace, store, data):
    arguments = asked(workspace, data, [keep(workspace, "half"), "digits-cnn"])
    sweep_id, seen = arguments["sweep_id"], []
    assert sweep.take_in(store, workspace, sweep_id) is None

    def look(fraction: float, message: str) -> None:
        if sweep.take_in(store, workspace, sweep_id) is not None:
            assert sweep.take_in(store, workspace, sweep_id).sweep_id == sweep_id
            seen.append(len(store.sweeps.cells(sweep_id)))

    swept(workspace, arguments, look)
    assert seen == sorted(seen)
    assert set(seen) >= {2, 4, 6, 8}
    log = sweep_cells.log_path(workspace, sweep_id)
    with log.open("a") as file:  # as a kill may leave it
        file.write('{"member": 0, "cond')
    swept(workspace, arguments)
    done = sweep.finish(store, workspace, arguments, {"sweep_id": sweep_id})
    assert done["name"] == store.sweeps.one(sweep_id).name == "digits200: half and 1 more"
    assert len(store.sweeps.cells(sweep_id)) == 10
    assert len(log.read_text().splitlines()) == 10


def test_cancelled_it_goes_on_where_it_was(workspace, data):
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise Cancelled("stopped")

    arguments = asked(workspace, data)
    with pytest.raises(Cancelled):
        swept(workspace, arguments, stop)
    times = {p: p.stat().st_mtime_ns for p in workspace.glob("cells/*/*")}
    assert 1 <= len(times) < 5
    swept(workspace, arguments)
    assert len(cells(workspace)) == 5
    assert {p: p.stat().st_mtime_ns for p in times} == times


def test_one_that_fails_leaves_the_others_alone_and_is_tried_again(workspace, store, data, monkeypatch):
    keep(workspace, "half")
    keep(workspace, "lost", 0.9)
    arguments = asked(workspace, data, ["half", "lost", "digits-cnn"], store=store, reference="lost")
    weights = workspace / "models" / "lost.safetensors"
    kept = weights.read_bytes()
    weights.unlink()
    done = run_here(store, workspace, "sweep", arguments)
    assert done["failed"] == 5
    found = store.sweeps.cells(arguments["sweep_id"])
    assert [c.member for c in found if c.state == "failed"] == [1] * 5
    assert all("lost" in c.message for c in found if c.state == "failed")
    assert all("agreement" not in c.scores for c in found if c.member != 1)
    weights.write_bytes(kept)
    assert run_here(store, workspace, "sweep", arguments)["failed"] == 0
    assert {c.state for c in store.sweeps.cells(arguments["sweep_id"])} == {"done"}


def test_another_network_under_the_same_name_is_not_taken_for_it(workspace, store, data):
    arguments = asked(workspace, data, [keep(workspace, "half"), "digits-cnn"])
    keep(workspace, "half", 0.9)
    assert run_here(store, workspace, "sweep", arguments)["failed"] == 5
    assert "is not the network any more" in store.sweeps.cells(arguments["sweep_id"])[0].message


def test_logits_that_are_not_numbers_are_told_and_wrong(workspace, store, data):
    broken = keep(workspace, "broken", fc__weight=3e38)  # sums overflow
    arguments = asked(workspace, data, [broken, "digits-cnn"], corruptions=NOISE[:1])
    done = run_here(store, workspace, "sweep", arguments)
    sweep_id = arguments["sweep_id"]
    cell = store.sweeps.cells(sweep_id)[0]
    assert done["failed"] == 0, cell.message
    assert cell.remarks == (
        "The logits of 200 of 200 samples are not numbers: they count as wrong and have no confidence.",
    )
    assert cell.scores["accuracy"].value == 0
    found = store.sweeps.values(sweep_id, ("correct", *VALUES), members=[0], conditions=[0])
    assert (found["correct"] == 0).all()
    assert all(np.isnan(found[n]).all() for n in ("confidence", "loss", "brier", "max_logit", "energy"))


def test_memory_that_does_not_suffice_halves_the_batch(workspace, data, monkeypatch):
    small = asked(workspace, data, batch=16)
    swept(workspace, small)
    expected = cells(workspace)
    for path in [*workspace.glob("cells/*/*"), *workspace.glob("sweeps/*")]:
        path.unlink()
    own, refused = forward.Forward.__call__, []

    def tight(self, pixels):
        if len(pixels) > 16:
            refused.append(len(pixels))
            raise RuntimeError("CUDA out of memory")
        return own(self, pixels)

    monkeypatch.setattr(forward.Forward, "__call__", tight)
    assert swept(workspace, asked(workspace, data, batch=64))["failed"] == 0
    assert refused == [64, 32]
    assert cells(workspace) == expected
    monkeypatch.setattr(forward.Forward, "__call__", lambda self, pixels: tight(self, pixels.repeat(32, 1, 1, 1)))
    assert swept(workspace, asked(workspace, data, seed=3))["failed"] == 2


def test_five_samples_of_one_class(workspace, store):
    one = imported_arrays(workspace, "one", 40, classes=("3",), labels=np.zeros(40, int))
    arguments = asked(workspace, one, limit=5, store=store)
    run_here(store, workspace, "sweep", arguments)
    samples, truth = store.sweeps.truth(arguments["sweep_id"])
    assert (len(samples), set(truth)) == (5, {3})
    assert all(c.samples == 5 for c in store.sweeps.cells(arguments["sweep_id"]))


def imported_arrays(workspace: Path, name: str, count: int, *, classes, labels) -> str:
    workspace.mkdir(parents=True, exist_ok=True)
    np.savez(workspace / f"{name}.npz", x=digits(count)[0], y=labels)
    return imported(workspace, workspace / f"{name}.npz", class_names=classes)


def test_classes_that_are_not_known_are_neither_right_nor_wrong(workspace, store):
    mixed = imported_arrays(workspace, "mixed", 90, classes=("3", "7", "owl"), labels=np.arange(90) % 3)
    arguments = asked(workspace, mixed, store=store, corruptions=NOISE[:1])
    run_here(store, workspace, "sweep", arguments)
    record = store.sweeps.one(arguments["sweep_id"])
    assert any("1 of the dataset's 3 classes" in remark and "owl" in remark for remark in record.remarks)
    grouped = store.sweeps.grouped(record.sweep_id, members=[0], conditions=[0, 1])
    assert (grouped.samples == 60).all()
    found = store.sweeps.values(record.sweep_id, ("correct", "loss", "brier", "margin"), members=[0], conditions=[0])
    assert (found["correct"][0, 0, 2::3] == -1).all()
    assert np.isnan(found["loss"][0, 0, 2::3]).all()
    assert np.isnan(found["brier"][0, 0, 2::3]).all()
    assert (found["margin"][0, 0, 2::3] >= 0).all()


def test_a_limit_draws_some_and_a_smaller_one_some_of_these(workspace, data):
    few, more = (sweep_plan_of(workspace, asked(workspace, data, limit=n, seed=3)) for n in (20, 60))
    assert (len(few.samples), len(more.samples)) == (20, 60)
    assert set(few.samples) < set(more.samples)
    assert (np.diff(more.samples) > 0).all()
    assert more.samples.max() > 100
    other = sweep_plan_of(workspace, asked(workspace, data, limit=20, seed=4))
    assert set(other.samples) != set(few.samples)


def sweep_plan_of(workspace: Path, arguments: dict) -> sweep_plan.Plan:
    swept(workspace, arguments)
    plan = sweep_plan.load_plan(workspace, arguments["sweep_id"])
    assert plan is not None
    text = json.dumps(plan.to_json())
    assert json.dumps(sweep_plan.Plan.from_json(json.loads(text)).to_json()) == text
    return plan


def test_images_of_many_sizes_are_corrupted_after_the_crop(workspace, store, tmp_path):
    images, labels = digits(24)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = tmp_path / "pictures" / str(label) / f"{place:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        side = 16 + place
        Image.fromarray(image[..., 0]).resize((side, side + 3)).save(path)
    data = imported(workspace, tmp_path / "pictures", store)
    arguments = asked(workspace, data, store=store, corruptions=NOISE[:1], severities=(3,))
    run_here(store, workspace, "sweep", arguments)
    opened, network = OpenDataset.open(workspace / "datasets" / data), catalogue.load("digits-cnn")
    crops = [np.asarray(network.preprocessing.cropped(i)) for i in opened.images(range(24))]
    shown = corrupted(np.stack(crops)[..., None], np.arange(24), "gaussian_noise", 3, seed=0)
    names = opened.record.class_names
    expected = by_definition("digits-cnn", shown, np.array([int(names[n]) for n in opened.labels]))
    found = store.sweeps.values(arguments["sweep_id"], ("loss", *GEOMETRY), members=[0], conditions=[1])
    for name, values in found.items():
        assert values[0, 0] == pytest.approx(expected[name], rel=2e-4, abs=2e-4), name
    assert store.sweeps.one(arguments["sweep_id"]).image_size == (8, 8)


def test_features_are_kept_where_they_are_asked_for(workspace, data):
    arguments = asked(workspace, data, corruptions=NOISE[:1], severities=(1,), features=("penultimate", "logits"))
    swept(workspace, arguments)
    plan = sweep_plan.load_plan(workspace, arguments["sweep_id"])
    cell = plan.cell_id(0, 1, 0)
    logits = np.load(sweep_cells.features_path(workspace, cell, "logits"))
    rows = sweep_cells.read_cell([sweep_cells.cell_path(workspace, cell)])
    assert logits.shape == (COUNT, 10)
    assert logits.max(axis=1) == pytest.approx(rows["max_logit"])
    assert np.load(sweep_cells.features_path(workspace, cell, "penultimate")).shape[0] == COUNT


def test_deleting_takes_only_what_nobody_else_has(workspace, store, data):
    first, second = (asked(workspace, data, corruptions=NOISE[:n]) for n in (1, 2))
    for arguments in (first, second):
        run_here(store, workspace, "sweep", arguments)
    sweep.delete(store, workspace, second["sweep_id"])
    assert len(cells(workspace)) == 3
    assert [s.sweep_id for s in store.sweeps.all()] == [first["sweep_id"]]
    assert sweep.take_in(store, workspace, second["sweep_id"]) is None
    sweep.delete(store, workspace, first["sweep_id"])
    assert cells(workspace) == {}


def test_progress_only_grows_and_says_what_is_done(workspace, data):
    heard: list[tuple[float, str]] = []
    swept(workspace, asked(workspace, data), lambda f, m: heard.append((f, m)))
    assert [f for f, _ in heard] == sorted(f for f, _ in heard)
    assert heard[-1][0] == pytest.approx(1.0)
    assert any("gaussian_noise/4: 3 of 5" in m for _, m in heard)
