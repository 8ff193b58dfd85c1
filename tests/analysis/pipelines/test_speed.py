"""Speed as measured: the median after a warm-up, on a named device, with the network left as it came."""

import threading
import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from analysis.engine.devices import best, describe
from analysis.errors import Cancelled
from analysis.pipelines import speed
from models import catalogue
from models.preprocessing import Preprocessing

SMALL = Preprocessing((8, 8), None, "bilinear", (0, 0, 0), (1, 1, 1))


class Slow(nn.Module):
    """Each image takes its time, the first calls and every fifth one take longer."""

    def __init__(self, milliseconds: float) -> None:
        super().__init__()
        self.head, self.seconds, self.calls, self.batches = nn.Linear(3, 2), milliseconds / 1000, 0, []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.batches.append(len(x))
        assert torch.is_inference_mode_enabled() or self.calls < 3, "timed without gradients"
        slow = 0.03 if self.calls % 5 == 0 else 0.0
        time.sleep(self.seconds * len(x) + slow)
        return self.head(x.mean((2, 3)))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(speed, "WARM_UP", 0.02)
    monkeypatch.setattr(speed, "SECONDS", 0.1)
    monkeypatch.setattr("analysis.passes.plan.usual_batch", lambda sizes, device: 4)


def test_the_median_is_told(quick, monkeypatch):
    """On a clock of its own, which only the network moves."""
    now = [0.0]
    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    network = Slow(2).eval().requires_grad_(False)
    classifier = catalogue.wrap(network, preprocessing=SMALL)
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    (found,) = speed.measured([classifier])
    assert found.latency_ms == pytest.approx(2), "calls that took long by chance do not count"
    assert (found.batch, found.model_id) == (4, classifier.fingerprint)
    assert found.images_per_second == pytest.approx(500)
    assert set(network.batches[2:]) == {1, 4}
    threads = torch.get_num_threads()
    assert found.device == f"{describe('cpu')}, {threads} thread{'s' if threads > 1 else ''}"


def test_the_network_is_held_while_it_is_timed(quick):
    classifier = catalogue.wrap(Slow(1).eval().requires_grad_(False), preprocessing=SMALL)
    before = [k.clone() for k in classifier.module.state_dict().values()]
    free: list[bool] = []

    def ask(fraction: float, message: str) -> None:
        thread = threading.Thread(target=lambda: free.append(classifier._lock.acquire(blocking=False)))
        thread.start()
        thread.join()

    speed.measured([classifier], report=ask)
    assert free
    assert not any(free)
    assert all(torch.equal(a, b) for a, b in zip(before, classifier.module.state_dict().values(), strict=True))


def test_it_can_be_cancelled(quick):
    def stop(fraction: float, message: str) -> None:
        raise Cancelled("The work was cancelled.")

    with pytest.raises(Cancelled):
        speed.measured([catalogue.wrap(Slow(1).eval().requires_grad_(False), preprocessing=SMALL)], report=stop)


def test_zeros_bring_nothing_and_that_is_said(quick):
    assert "Zeros alone give no speed-up" in speed.PLAINLY
    torch.manual_seed(0)
    networks = []
    for density in (1.0, 0.1):
        module = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.AdaptiveAvgPool2d(1),
                               nn.Flatten(), nn.Linear(64, 5)).eval().requires_grad_(False)  # fmt: skip
        module[2].weight.mul_(torch.rand(module[2].weight.shape) < density)
        networks.append(catalogue.wrap(module, preprocessing=SMALL))
    dense, zeros = speed.measured(networks)
    assert zeros.latency_ms > 0.5 * dense.latency_ms, "nine of ten weights gone, far from ten times as fast"


def test_networks_take_turns(quick):
    order: list[str] = []
    networks = [catalogue.wrap(Slow(1).eval().requires_grad_(False), preprocessing=SMALL, name=n) for n in "ab"]
    found = speed.measured(networks, report=lambda fraction, message: order.append(message[-1]))
    turns = "".join(a for a, b in zip(order, ["", *order], strict=False) if a != b)
    assert turns == "ab" * speed.ROUNDS
    assert [s.model_id for s in found] == [n.fingerprint for n in networks]


def test_the_processor_is_timed_as_well():
    assert speed.devices() == list(dict.fromkeys([best(), "cpu"]))


@pytest.mark.gpu
def test_a_classifier_on_another_device_stays_there():
    classifier = catalogue.load("digits-cnn", device="cuda")
    found = speed.measured([classifier], "cpu")[0]
    assert "thread" in found.device
    assert next(classifier.module.parameters()).device.type == "cuda"
    assert speed.measured([classifier])[0].device == describe("cuda:0")
