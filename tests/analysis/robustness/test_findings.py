"""Claims on evidence made so that the verdict is known, and on evidence that lacks what a claim is about."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from analysis.robustness.aggregates import accuracy_replicates
from analysis.robustness.evidence import Evidence, pair_squares, said
from analysis.robustness.findings import CLAIMS, Finding, verdicts
from analysis.robustness.findings_accuracy import fragile, lottery, multi_prize_robust, parameters
from analysis.robustness.findings_geometry import closest_pruners, multi_prize_angles
from analysis.robustness.findings_redundancy import fewer_corruptions, redundant_pair
from analysis.sweeps import Member, Score

SAMPLES = 300
CORRUPTIONS = ("gaussian_blur", "zoom_blur", "fog", "snow")
METHODS = ("", "random", "lrr", "biprop", "snip", "gmp", "global_magnitude")


def members(sparsities: Sequence[float] = (0.5, 0.95), methods: Sequence[str] = METHODS) -> tuple[Member, ...]:
    made = [Member("net", "0" * 64)] if "" in methods else []
    for sparsity in sparsities:
        for method in filter(None, methods):
            name = f"net-{method}-{100 * sparsity:.0f}"
            made.append(Member(name, name, parent="net", method=method, sparsity=sparsity))
    return tuple(made)


def evidence(
    found: tuple[Member, ...] | None = None,
    clean: Sequence[float] | None = None,
    corrupted: np.ndarray | None = None,
    *,
    angles: Sequence[float] | None = None,
    spreads: Sequence[float] | None = None,
    shared: bool = False,
) -> Evidence:
    """clean (M,), corrupted (M, K) accuracies; mean and spread of each member's angle. shared: all lose the same."""
    found = members() if found is None else found
    count, chance = len(found), np.random.default_rng(0)
    clean = [0.9] * count if clean is None else clean
    corrupted = np.full((count, 4), 0.6) if corrupted is None else corrupted
    rates = np.concatenate([np.array(clean)[:, None], corrupted], axis=1)
    luck = chance.random((1 if shared else count, rates.shape[1], SAMPLES))
    correct = (luck < rates[..., None]).astype(np.int8)
    replicates = accuracy_replicates(correct)
    noise = chance.normal(0, 1, (count, 5, SAMPLES))
    middle = np.array([1.0] * count if angles is None else angles)
    around = np.array([0.2] * count if spreads is None else spreads)
    angle = (middle[:, None, None] + around[:, None, None] * noise).astype(np.float32)
    vectors = chance.normal(0, 1, (count, 5, 3, SAMPLES)).astype(np.float32)
    return Evidence(
        members=found,
        classes=10,
        corruptions=CORRUPTIONS,
        samples=SAMPLES,
        seed=0,
        clean=replicates[:, 0],
        corrupted=replicates[:, 1:],
        wrong=1 - correct[:, 1:].mean(axis=1),
        right=correct[:, 0],
        compared=SAMPLES,
        vectors=vectors,
        angles=angle,
    )


def where(found: tuple[Member, ...], *methods: str) -> np.ndarray:
    return np.array([m.method in methods for m in found])


def only(given: Finding, verdict: str) -> Finding:
    assert given.verdict == verdict, given.sentence
    if verdict != "cannot be said":
        assert f"n = {given.n:,} images" in given.sentence
        assert "seed 0" in given.sentence
        assert "one training" in given.sentence
        assert given.interval is not None
        assert given.interval.low <= given.interval.high
        assert "[" in given.sentence
    return given


def test_the_closest_pair_is_the_one_that_was_made_close():
    given = evidence()
    vectors = given.vectors.copy()
    i, j = (k for k, m in enumerate(given.members) if m.name in ("net-random-95", "net-snip-95"))
    vectors[j] = vectors[i] + 0.1
    found = only(closest_pruners(replace(given, vectors=vectors)), "found")
    assert "net-random-95 and net-snip-95 are the closest of 30 pairs" in found.sentence
    assert found.interval is not None
    assert found.interval.value == pytest.approx(0.1, abs=1e-3)
    assert found.values[0].marked


def test_no_pair_stands_out_of_noise():
    found = only(closest_pruners(evidence()), "not found here")
    assert found.values[0].score.value == pytest.approx(2**0.5, abs=0.05)


def test_networks_no_better_than_chance_are_not_compared():
    given = evidence(clean=[0.9] * 7 + [0.1] * 6)
    found = only(closest_pruners(given), "not found here")
    assert "of 15 pairs" in found.sentence


def test_squares_of_a_pair_are_those_of_a_loop():
    vectors = np.random.default_rng(1).normal(size=(3, 4, 3, 5)).astype(np.float32)
    slow = [((vectors[0, :, :, s] - vectors[2, :, :, s]) ** 2).mean() for s in range(5)]
    assert pair_squares(vectors, [(0, 2)])[0] == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize(
    ("mean", "spread", "verdict"),
    [(1.2, 0.1, "found"), (1.2, 0.3, "not found here"), (0.8, 0.1, "not found here"), (1.0, 0.2, "not found here")],
)
def test_angles_of_tickets(mean: float, spread: float, verdict: str):
    own = where(members(), "biprop")
    given = evidence(angles=np.where(own, mean, 1.0).tolist(), spreads=np.where(own, spread, 0.2).tolist())
    found = only(multi_prize_angles(given), verdict)
    assert found.interval is not None
    assert found.interval.value == pytest.approx(mean - 1, abs=0.02)
    assert "net-biprop-50, net-biprop-95: against the 10 at the same sparsity" in found.sentence
    means = {bar.label: bar.score.value for bar in found.values}
    assert means["variance, tickets"] == pytest.approx(spread**2, rel=0.1)
    assert ("Only one" in found.sentence) == ((mean, spread) in ((1.2, 0.3), (0.8, 0.1)))


def test_tickets_of_a_sparsity_of_their_own_are_compared_with_all():
    found = (
        *members((0.8,), ("", "random", "snip")),
        Member("t", "t", parent="net", method="edge_popup", sparsity=0.5),
    )
    told = only(multi_prize_angles(evidence(found, angles=[1, 1, 1, 1.3], spreads=[0.2, 0.2, 0.2, 0.1])), "found")
    assert "rests on all others" in told.sentence


@pytest.mark.parametrize(("own", "verdict"), [(0.8, "found"), (0.6, "not found here"), (0.4, "not found here")])
def test_robustness_of_tickets(own: float, verdict: str):
    tickets = where(members(), "biprop")
    given = evidence(corrupted=np.repeat(np.where(tickets, own, 0.6)[:, None], 4, axis=1))
    found = only(multi_prize_robust(given), verdict)
    assert found.interval is not None
    assert found.interval.value == pytest.approx(100 * (own - 0.6), abs=3)
    assert sum(bar.marked for bar in found.values) == 2


def test_accuracy_that_follows_sparsity_is_explained_by_it():
    levels = np.array([m.sparsity or 0 for m in members()])
    found = only(parameters(evidence(corrupted=np.repeat((0.9 - levels / 2)[:, None], 4, axis=1))), "not found here")
    assert found.interval is not None
    assert found.interval.value > 90


def test_accuracy_that_follows_the_method_is_not():
    good = where(members(), "lrr", "gmp")
    found = only(parameters(evidence(corrupted=np.repeat(np.where(good, 0.8, 0.4)[:, None], 4, axis=1))), "found")
    assert found.interval is not None
    assert found.interval.value < 20
    assert "points above" in found.sentence


@pytest.mark.parametrize(("clean", "robust", "verdict"), [(0.9, 0.6, "found"), (0.9, 0.5, "not found here")])
def test_lottery_at_high_sparsity(clean: float, robust: float, verdict: str):
    found = members((0.95,), ("", "lrr", "random"))
    rows = np.repeat(np.array([0.6, robust, 0.2])[:, None], 4, axis=1)
    told = only(lottery(evidence(found, [0.9, clean, 0.3], rows, shared=True)), verdict)
    assert "Of 1, net-lrr-95 (95 % zeros)" in told.sentence
    assert "90.94" in told.sentence


def test_samples_that_all_lose_are_more_than_chance():
    found = only(fragile(evidence(shared=True)), "found")
    told = only(fragile(evidence()), "not found here")
    assert found.interval is not None
    assert told.interval is not None
    assert found.interval.value > 10 > told.interval.value
    assert sum(bar.score.value for bar in found.values) == pytest.approx(100)


def test_blurs_that_go_together_are_redundant():
    chance = np.random.default_rng(3)
    corrupted = chance.uniform(0.2, 0.9, (13, 4))
    corrupted[:, 1] = corrupted[:, 0]
    found = only(redundant_pair(evidence(corrupted=corrupted)), "found")
    assert "number 1 of 6 pairs" in found.sentence
    assert found.values[0].label == "gaussian blur and zoom blur"
    corrupted[:, 1] = chance.uniform(0.2, 0.9, 13)
    only(redundant_pair(evidence(corrupted=corrupted)), "not found here")


def test_one_corruption_is_enough_where_all_rank_alike():
    corrupted = np.repeat(np.linspace(0.1, 0.9, 13)[:, None], 4, axis=1)
    found = only(fewer_corruptions(evidence(corrupted=corrupted)), "found")
    assert found.sentence.startswith("1 of 4 corruptions")
    different = np.random.default_rng(2).uniform(0.2, 0.9, (13, 4))
    told = fewer_corruptions(evidence(corrupted=different))
    assert told.values[-1].marked


@pytest.mark.parametrize(
    "found",
    [
        members((), ("",)),
        members((0.5,), ("", "random")),
        (Member("a", "a", linear_head=False), Member("b", "b", linear_head=False)),
    ],
)
def test_what_a_sweep_lacks_is_said(found: tuple[Member, ...]):
    given = evidence(found)
    if not found[0].linear_head:
        given = replace(given, vectors=np.full_like(given.vectors, np.nan), angles=np.full_like(given.angles, np.nan))
    for told in verdicts(given):
        if told.name != "fragile everywhere":
            assert told.verdict == "cannot be said", told
            assert told.sentence.startswith("Cannot be said: ")
            assert told.interval is None
    assert len(verdicts(given)) == len(CLAIMS)


def test_findings_of_five_images_are_still_told():
    given = evidence()
    few = replace(
        given,
        samples=5,
        compared=5,
        wrong=given.wrong[:, :5],
        right=given.right[:, :5],
        vectors=given.vectors[..., :5],
        angles=given.angles[..., :5],
    )
    assert len(verdicts(few)) == len(CLAIMS)


def test_numbers_are_written_with_their_interval():
    assert said(Score(-0.04, -0.26, 0.1), 1, "%") == "0.0 [-0.3, 0.1] %"
