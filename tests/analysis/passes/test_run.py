"""The pass against a plain loop over the images, and what it refuses."""

import json

import numpy as np
import pytest
import torch
from pyarrow import parquet
from torch import nn

from analysis.errors import BadParameter, Cancelled, EmptyDataset
from analysis.passes import parts
from analysis.passes.collectors import load_moments
from analysis.passes.conditions import Condition
from analysis.passes.files import WriteFailed
from analysis.passes.one import OutOfMemory
from analysis.passes.plan import PassMismatch, power_of_two, usual_batch
from analysis.passes.run import run_pass, true_classes
from models.errors import UnknownTap
from models.preprocessing import Preprocessing
from tests.analysis.passes.pictures import SMALL, Arrays, Net, Pictures, classifier, noise

CLASSES = tuple(range(5))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Several parts without many images."""
    monkeypatch.setattr(parts, "PART", 64)


@pytest.fixture
def images() -> Arrays:
    return noise(150)


def table(result) -> dict[str, np.ndarray]:
    rows = [row for part in result.parts for row in parquet.read_table(part).to_pylist()]
    return {name: np.array([r[name] for r in rows]) for name in rows[0]}


def plain(found, images) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and the head's input, one image at a time."""
    given = []
    handle = found.module.fc.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
    with torch.inference_mode():
        pictures = images.images(range(len(images)))
        logits = [found.module(found.preprocessing.tensor([p])) for p in pictures]
    handle.remove()
    return torch.cat(logits), torch.cat(given)


def test_every_column_against_a_plain_loop(tmp_path, images):
    found = classifier()
    logits, features = plain(found, images)
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES], batch=16)
    columns, probabilities = table(result), logits.double().softmax(1)
    top = probabilities.topk(5)
    assert np.array_equal(columns["sample"], np.arange(150))
    assert np.array_equal(columns["truth"], images.labels)
    assert np.array_equal(columns["prediction"], logits.argmax(1))
    assert np.array_equal(columns["correct"], logits.argmax(1).numpy() == images.labels)
    assert np.allclose(columns["confidence"], probabilities.amax(1), atol=1e-5)
    losses = nn.functional.cross_entropy(logits, torch.from_numpy(images.labels), reduction="none")
    assert np.allclose(columns["loss"], losses, rtol=1e-4, atol=1e-5)
    assert np.array_equal(columns["top_classes"], top.indices)
    assert np.allclose(columns["top_probabilities"], top.values, atol=1e-5)
    x, weight = features.double(), found.module.fc.weight.double()
    own = weight[images.labels]
    assert np.allclose(columns["length"], x.norm(dim=1), rtol=1e-5)
    assert np.allclose(columns["angle"], torch.acos(nn.functional.cosine_similarity(own, x)), atol=1e-5)
    assert np.array_equal(columns["margin"] > 0, columns["correct"])
    assert result.accuracy == pytest.approx((logits.argmax(1).numpy() == images.labels).mean())
    assert (result.samples, result.known, len(result.parts), result.linear_head) == (150, 150, 3, True)
    assert result.remarks == ()


def test_features_of_maps_vectors_logits_and_the_heads_input(tmp_path, images):
    found = classifier()
    logits, penultimate = plain(found, images)
    outputs: dict[str, torch.Tensor] = {}
    # cloned, as the ReLU that follows writes over it
    norm = found.module.norm.register_forward_hook(lambda m, i, o: outputs.update(norm=o.clone()))
    hidden = found.module.hidden.register_forward_hook(lambda m, i, o: outputs.update(hidden=o.clone()))
    with torch.inference_mode():
        found.module(SMALL.tensor(images.images(range(150))))
    norm.remove()
    hidden.remove()
    taps = ("norm", "hidden", "logits", "penultimate")
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=taps)
    kept = {tap: np.load(path, mmap_mode="r") for tap, path in result.features.items()}
    expected = {"norm": outputs["norm"].mean((2, 3)), "hidden": outputs["hidden"], "logits": logits}
    for tap, values in (expected | {"penultimate": penultimate}).items():
        assert kept[tap].dtype == np.float32
        assert np.allclose(kept[tap], values, rtol=1e-4, atol=1e-5), tap
    moments = load_moments(result.moments)
    assert set(moments) == set(taps)
    for tap, values in kept.items():
        assert moments[tap].count == 150
        assert np.allclose(moments[tap].mean, values.astype(np.float64).mean(0), rtol=1e-12, atol=1e-12)
        assert np.allclose(moments[tap].variance, values.astype(np.float64).var(0), rtol=1e-9)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        [
            "pass.json",
            "moments.npz",
            "zeros.npz",
            *(p.name for p in result.parts),
            *(p.name for p in result.features.values()),
        ]
    )


def test_logits_are_the_head_applied_to_its_input(tmp_path, images):
    found = classifier()
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("logits", "penultimate"))
    kept = {tap: np.load(path).astype(np.float64) for tap, path in result.features.items()}
    rebuilt = kept["penultimate"] @ found.head.weight.double().numpy().T + found.head.bias.double().numpy()
    assert np.allclose(rebuilt, kept["logits"], atol=1e-4)


def test_unknown_truth_is_empty_and_geometry_is_to_the_prediction(tmp_path, images):
    found = classifier()
    images.labels[:100:2] = -1
    class_map = (0, 1, -1, 4, 3)
    (result,) = run_pass([found], images, [tmp_path], class_maps=[class_map])
    (clean,) = run_pass([found], Arrays(images.stored), [tmp_path / "clean"], class_maps=[()])
    columns, unlabelled = table(result), table(clean)
    expected = true_classes(images.labels, class_map)
    known = expected >= 0
    assert 50 < known.sum() < 100
    assert [t is not None for t in columns["truth"]] == known.tolist()
    assert columns["truth"][known].tolist() == expected[known].tolist()
    for name in ("correct", "loss"):
        assert [v is not None for v in columns[name]] == known.tolist()
    assert (result.known, result.samples) == (known.sum(), 150)
    assert clean.accuracy is None
    assert any("predicted class" in r for r in clean.remarks)
    assert (unlabelled["margin"] >= 0).all()
    assert np.array_equal(columns["margin"][~known], unlabelled["margin"][~known])
    agree = known & (expected == columns["prediction"])
    assert np.array_equal(columns["angle"][agree], unlabelled["angle"][agree])


def test_a_head_that_is_not_linear_leaves_the_geometry_empty(tmp_path, images):
    found = classifier(Net(head=nn.Sequential(nn.Linear(6, 5), nn.Tanh())))
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES])
    columns = table(result)
    assert found.head is None
    assert not result.linear_head
    for name in ("angle", "length", "margin"):
        assert set(columns[name]) == {None}
    assert any("not one linear map" in r for r in result.remarks)
    with pytest.raises(UnknownTap, match="has no input to keep"):
        run_pass([found], images, [tmp_path / "other"], class_maps=[CLASSES], taps=("penultimate",))


def test_several_classifiers_share_one_decoding_and_do_not_change_each_other(tmp_path, images):
    pictures = Pictures(images.images(range(150)), images.labels)
    larger = Preprocessing(size=(20, 20), resize=24)
    company = [classifier(), classifier(seed=1), classifier(preprocessing=larger, seed=2)]
    folders = [tmp_path / str(n) for n in range(3)]
    together = run_pass(company, pictures, folders, class_maps=[CLASSES] * 3, taps=("hidden",), batch=32)
    assert sorted(pictures.decoded) == list(range(150))
    for number, one in enumerate(company):
        (alone,) = run_pass(
            [one], images, [tmp_path / f"alone{number}"], class_maps=[CLASSES], taps=("hidden",), batch=32
        )
        assert contents(alone.folder) == contents(together[number].folder)


def contents(folder) -> dict[str, bytes]:
    """All that a pass keeps, but for the times in its plan."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "pass.json"}


def test_the_network_is_left_as_it_came(tmp_path, images):
    module = Net().train()
    module.norm.eval()
    found = classifier(module)
    module.train()
    module.norm.eval()
    flags = [m.training for m in module.modules()]
    before = {k: (v.clone(), v.stride()) for k, v in module.state_dict().items()}
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("norm",))
    assert [m.training for m in module.modules()] == flags
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())
    after = module.state_dict()
    assert all(torch.equal(v, after[k]) and s == after[k].stride() for k, (v, s) in before.items())
    assert np.array_equal(table(result)["prediction"], plain(classifier(), images)[0].argmax(1))


def test_the_network_is_free_between_batches(tmp_path, images):
    found, free = classifier(), []

    def report(fraction, message):
        from threading import Thread

        thread = Thread(target=lambda: free.append(found._lock.acquire(timeout=5) and not found._lock.release()))
        thread.start()
        thread.join()

    run_pass([found], images, [tmp_path], class_maps=[CLASSES], batch=16, report=report)
    assert len(free) > 5
    assert all(free)


def test_autocast_rounds_the_network_but_not_the_logits(tmp_path, images):
    found = classifier()
    (exact,) = run_pass([found], images, [tmp_path / "a"], class_maps=[CLASSES], taps=("logits",))
    (half,) = run_pass([found], images, [tmp_path / "b"], class_maps=[CLASSES], taps=("logits",), autocast=True)
    one, other = np.load(exact.features["logits"]), np.load(half.features["logits"])
    assert 1e-6 < np.abs(one - other).max() < 0.2
    rounded = torch.from_numpy(other).bfloat16().float().numpy()
    assert not np.array_equal(rounded, other)
    assert any("half precision" in r for r in half.remarks)
    columns = table(half)
    assert np.array_equal(columns["margin"] > 0, columns["correct"])


def test_a_condition_is_what_the_network_sees(tmp_path, images):
    found = classifier()
    inverted = Condition("inverted", lambda pixels, samples: 255 - pixels)
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES], condition=inverted, taps=("logits",))
    logits, _ = plain(found, Arrays(255 - images.stored))
    assert result.condition == "inverted"
    assert np.allclose(np.load(result.features["logits"]), logits, atol=1e-4)


def test_logits_that_are_not_numbers_are_said_and_stored_empty(tmp_path, images):
    class Breaks(Net):
        def forward(self, images):
            logits = super().forward(images)
            return torch.where(logits[:, :1] > logits[:, :1].median(), logits, torch.nan)

    (result,) = run_pass([classifier(Breaks())], images, [tmp_path], class_maps=[CLASSES])
    columns = table(result)
    broken = np.array([c is None for c in columns["confidence"]])
    assert 0 < broken.sum() < 150
    assert result.remarks[-1].startswith(f"{broken.sum()} images gave logits that are not numbers")
    assert [v is None for v in columns["loss"]] == broken.tolist()


class Hungry(Net):
    """Has memory for so many images at once, and only from the given call on runs out of it."""

    def __init__(self, room: int, since: int = 0, message: str = "DefaultCPUAllocator: not enough memory") -> None:
        super().__init__()
        self.room, self.since, self.message, self.calls = room, since, message, 0

    def forward(self, images):
        self.calls += 1
        if len(images) > self.room and self.calls > self.since:
            raise torch.OutOfMemoryError("CUDA out of memory") if self.message == "cuda" else RuntimeError(self.message)
        return super().forward(images)


@pytest.mark.parametrize(
    "message",
    ["cuda", "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", "not enough memory"],
)
def test_too_little_memory_halves_the_batch_and_goes_on(tmp_path, images, message):
    hungry, whole = classifier(Hungry(room=150)), classifier()
    hungry.module.room, hungry.module.since, hungry.module.message, hungry.module.calls = 9, 3, message, 0
    (result,) = run_pass([hungry], images, [tmp_path], class_maps=[CLASSES], batch=32, taps=("logits",))
    logits, _ = plain(whole, images)
    assert np.allclose(np.load(result.features["logits"]), logits, atol=1e-4)
    plan = json.loads((tmp_path / "pass.json").read_text())
    assert plan["batches"] == [[0, 32], [1, 8]]  # the fourth batch is in the second part, which is begun again
    assert result.batch == 8
    assert any("batch of 32; it ended at 8" in r for r in result.remarks)


def test_a_halved_part_equals_one_that_began_with_that_batch(tmp_path, images):
    hungry, patient = classifier(Hungry(room=150)), classifier(Hungry(room=150))
    hungry.module.room, hungry.module.since, hungry.module.calls = 8, 3, 0  # the last of the first part's four
    (one,) = run_pass([hungry], images, [tmp_path / "a"], class_maps=[CLASSES], batch=16, taps=("hidden",))
    (other,) = run_pass([patient], images, [tmp_path / "b"], class_maps=[CLASSES], batch=8, taps=("hidden",))
    assert one.batch == other.batch == 8
    assert contents(one.folder) == contents(other.folder)


def test_no_memory_for_one_image_is_said_and_other_errors_are_not_taken_for_it(tmp_path, images):
    found = classifier(Hungry(room=150))
    found.module.room = 0
    with pytest.raises(OutOfMemory, match="one image of 16 x 16"):
        run_pass([found], images, [tmp_path / "a"], class_maps=[CLASSES])
    found.module.message = "mat1 and mat2 shapes cannot be multiplied"
    with pytest.raises(RuntimeError, match="mat1"):
        run_pass([found], images, [tmp_path / "b"], class_maps=[CLASSES])


def test_progress_rises_to_one_and_tells_the_pace(tmp_path, images):
    said: list[tuple[float, str]] = []
    run_pass(
        [classifier()], images, [tmp_path], class_maps=[CLASSES], batch=16, report=lambda f, m: said.append((f, m))
    )
    fractions = [f for f, _ in said]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert said[-1][1].startswith("150 of 150 images, ")
    assert said[-1][1].endswith(" a second")


def test_cancelled_between_batches_and_gone_on_with(tmp_path, images):
    def stop(fraction, message):
        if fraction > 0.5:
            raise Cancelled("stopped")

    found = classifier(Hungry(room=150))
    with pytest.raises(Cancelled):
        run_pass([found], images, [tmp_path / "a"], class_maps=[CLASSES], batch=16, taps=("hidden",), report=stop)
    assert (tmp_path / "a" / "part-00000.parquet").exists()
    assert not (tmp_path / "a" / "part-00002.parquet").exists()
    assert json.loads((tmp_path / "a" / "pass.json").read_text())["seconds"] > 0
    done, found.module.calls = len(list((tmp_path / "a").glob("part-*.parquet"))), 0
    (result,) = run_pass([found], images, [tmp_path / "a"], class_maps=[CLASSES], taps=("hidden",))
    assert found.module.calls == {1: 4 + 2, 2: 2}[done]  # batches of 16 still, as it began
    (whole,) = run_pass([found], images, [tmp_path / "w"], class_maps=[CLASSES], batch=16, taps=("hidden",))
    assert contents(result.folder) == contents(whole.folder)
    found.module.calls = 0
    (again,) = run_pass([found], images, [tmp_path / "a"], class_maps=[CLASSES], taps=("hidden",))
    assert found.module.calls == 0
    assert (again.accuracy, again.seconds, again.images_per_second) == (result.accuracy, result.seconds, 0)


def test_a_damaged_part_or_lost_features_are_computed_again(tmp_path, images):
    found = classifier(Hungry(room=150))
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("hidden",), batch=64)
    whole = contents(tmp_path)
    result.parts[1].write_bytes(result.parts[1].read_bytes()[:-20])
    found.module.calls = 0
    run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("hidden",))
    assert (found.module.calls, contents(tmp_path)) == (1, whole)
    result.features["hidden"].unlink()
    found.module.calls = 0
    run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("hidden",))
    assert (found.module.calls, contents(tmp_path)) == (3, whole)
    np.savez(tmp_path / "moments.npz", **{"hidden/count": 1, "hidden/mean": np.ones(6), "hidden/m2": np.ones(6)})
    (tmp_path / "pass.json").write_text("{")
    found.module.calls = 0
    run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("hidden",), batch=64)
    assert (found.module.calls, contents(tmp_path)) == (3, whole)


def test_another_pass_in_the_folder_is_refused(tmp_path, images):
    run_pass([classifier()], images, [tmp_path], class_maps=[CLASSES])
    before = contents(tmp_path)
    with pytest.raises(PassMismatch, match="taps differ"):
        run_pass([classifier()], images, [tmp_path], class_maps=[CLASSES], taps=("norm",))
    with pytest.raises(PassMismatch, match="fingerprint"):
        run_pass([classifier(seed=3)], images, [tmp_path], class_maps=[CLASSES])
    with pytest.raises(PassMismatch, match="labels"):
        run_pass([classifier()], images, [tmp_path], class_maps=[(1, 0, 2, 3, 4)])
    assert contents(tmp_path) == before


def test_what_is_refused(tmp_path, images):
    found = classifier()
    with pytest.raises(EmptyDataset):
        run_pass([found], noise(0), [tmp_path], class_maps=[CLASSES])
    with pytest.raises(UnknownTap, match="nowhere"):
        run_pass([found], images, [tmp_path], class_maps=[CLASSES], taps=("nowhere",))
    with pytest.raises(BadParameter, match="2 folders"):
        run_pass([found], images, [tmp_path, tmp_path], class_maps=[CLASSES])
    with pytest.raises(BadParameter, match="class map has 3"):
        run_pass([found], images, [tmp_path], class_maps=[(0, 1, 2)])
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_nothing_is_said(tmp_path, images, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    found = classifier()
    with monkeypatch.context() as patched:
        patched.setattr(parquet, "write_table", full)
        with pytest.raises(WriteFailed, match=r"No space left on device\. Make room on the workspace's disk"):
            run_pass([found], images, [tmp_path], class_maps=[CLASSES])
    (result,) = run_pass([found], images, [tmp_path], class_maps=[CLASSES])
    assert result.samples == 150
    assert not list(tmp_path.glob("*.part"))


def test_another_collector_is_one_class(tmp_path, images):
    class Largest:
        name = "largest"

        def __init__(self) -> None:
            self.found: dict[int, float] = {}

        def has(self, number: int) -> bool:
            return number in self.found

        def take(self, seen) -> None:
            self.found[seen.number] = float(seen.logits.max())

        def finish(self) -> None:
            self.found = {-1: max(self.found.values())}

    found, largest = classifier(), Largest()
    run_pass([found], images, [tmp_path], class_maps=[CLASSES], collectors=[[largest]])
    assert largest.found[-1] == pytest.approx(plain(found, images)[0].max().item(), abs=1e-4)


def test_batches_nest_and_fit_the_input():
    assert [power_of_two(b) for b in (1, 2, 3, 63, 64, 100, 10_000)] == [1, 2, 2, 32, 64, 64, 512]
    assert usual_batch([(32, 32)], "cpu") > usual_batch([(224, 224)], "cpu") > usual_batch([(512, 512)], "cpu") >= 1
    assert usual_batch([(32, 32), (224, 224)], "cpu") == usual_batch([(224, 224)], "cpu")
    assert usual_batch([(4000, 4000)], "cpu") == 1


@pytest.mark.gpu
def test_on_a_gpu_as_on_the_cpu(tmp_path, images):
    here, there = classifier(), classifier(Net().cuda())
    taps = ("hidden", "logits")
    pictures = Pictures(images.images(range(150)), images.labels)
    (one,) = run_pass([here], images, [tmp_path / "a"], class_maps=[CLASSES], taps=taps)
    (other,) = run_pass([there], pictures, [tmp_path / "b"], class_maps=[CLASSES], taps=taps, batch=16)
    (again,) = run_pass([there], images, [tmp_path / "c"], class_maps=[CLASSES], taps=taps, batch=16)
    assert contents(other.folder) == contents(again.folder)
    assert np.array_equal(table(one)["prediction"], table(other)["prediction"])
    for tap in taps:
        assert np.allclose(np.load(one.features[tap]), np.load(other.features[tap]), rtol=1e-4, atol=1e-4)
