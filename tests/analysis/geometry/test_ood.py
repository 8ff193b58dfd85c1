"""Known against unknown samples: OpenOOD's and ODIN's conventions, against scikit-learn and by hand."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.neighbors import NearestNeighbors

from analysis.errors import BadParameter
from analysis.geometry import ood
from analysis.geometry.features import Features
from analysis.geometry.ood import SCORES, separation
from analysis.geometry.separation import BINS, Separation, auroc, told_apart
from models.errors import UnknownName


def datasets() -> tuple[Features, Features]:
    random = np.random.default_rng(0)
    weight, bias = random.normal(size=(5, 8)), random.normal(size=5)
    labels = random.integers(0, 5, 300)
    known = weight[labels] + 0.8 * random.normal(size=(300, 8))
    return Features(known, labels, weight=weight, bias=bias), Features(0.7 * random.normal(size=(200, 8)) + 0.3)


def apart(known: np.ndarray, unknown: np.ndarray, **given: str) -> Separation:
    return told_apart(known, unknown, score="softmax", label="Largest softmax", **given)  # pyright: ignore[reportArgumentType]


def openood(conf: np.ndarray, unknown: np.ndarray) -> tuple[float, float, float, float]:
    """auc_and_fpr_recall of OpenOOD's metrics.py, but with all thresholds kept."""
    false, true, _ = roc_curve(unknown, -conf, drop_intermediate=False)
    precision_in, recall_in, _ = precision_recall_curve(1 - unknown, conf)
    precision_out, recall_out, _ = precision_recall_curve(unknown, -conf)
    fpr = false[np.argmax(true >= 0.95)]
    return auc(false, true), auc(recall_in, precision_in), auc(recall_out, precision_out), fpr


@pytest.mark.parametrize("rounded", [False, True])
def test_as_openood_says(rounded: bool):
    random = np.random.default_rng(1)
    known, unknown = random.normal(1, 1, 400), random.normal(0, 1.5, 150)
    if rounded:  # ties
        known, unknown = known.round(1), unknown.round(1)
    both, which = np.concatenate([known, unknown]), np.repeat([0, 1], [400, 150])
    area, aupr_in, aupr_out, fpr = openood(both, which)
    found, other = apart(known, unknown), apart(known, unknown, positive="known")
    assert found.auroc == pytest.approx(area)
    assert other.auroc == pytest.approx(area)
    assert (found.aupr, other.aupr) == (pytest.approx(aupr_out), pytest.approx(aupr_in))
    assert found.fpr95 == pytest.approx(fpr)
    false, true, _ = roc_curve(1 - which, both, drop_intermediate=False)
    assert other.fpr95 == pytest.approx(false[np.argmax(true >= 0.95)])
    assert found.fpr95 != other.fpr95
    assert np.mean(unknown <= found.threshold) >= 0.95
    assert np.mean(known <= found.threshold) == pytest.approx(found.fpr95)
    assert np.mean(known >= other.threshold) >= 0.95
    assert np.mean(unknown >= other.threshold) == pytest.approx(other.fpr95)


def test_the_convention_is_in_words():
    found, other = (apart(np.arange(9.0), np.arange(5.0), positive=side) for side in ("unknown", "known"))
    assert found.convention == (
        "Unknown samples are the positive class, as in OpenOOD: AUPR is theirs, and FPR95 the share of known samples "
        "taken for unknown at the first threshold that finds 95 % of the unknown ones."
    )
    assert other.convention.startswith("Known samples are the positive class, as in ODIN")


def test_by_hand():
    found = apart(np.array([3.0, 4.0, 5.0, 1.5]), np.array([1.0, 2.0]))
    assert found.auroc == 7 / 8
    assert found.fpr95 == 1 / 4
    assert found.threshold == 2
    perfect = apart(np.array([3.0, 4.0]), np.array([1.0, 2.0]))
    assert (perfect.auroc, perfect.aupr, perfect.fpr95) == (1, 1, 0)
    same = apart(np.ones(6), np.ones(3))
    assert (same.auroc, same.fpr95) == (0.5, 1)


def test_interval_is_at_least_delongs():
    """Against the variance written out over all pairs, and as often right as it says."""
    random = np.random.default_rng(2)
    yes, no = random.normal(1, 1, 40), random.normal(size=60)
    wins = (yes[:, None] > no).astype(float)
    spread = np.sqrt(wins.mean(1).var(ddof=1) / 40 + wins.mean(0).var(ddof=1) / 60)
    area, low, high = auroc(yes, no)
    assert area == pytest.approx(wins.mean())
    assert area == pytest.approx(roc_auc_score(np.repeat([1, 0], [40, 60]), np.concatenate([yes, no])))
    assert area - low >= 1.9599 * spread
    assert high - area >= 1.9599 * spread
    assert (high - low) / 2 == pytest.approx(1.96 * spread, rel=0.2)
    more, at = 50 - 1, np.array([low])  # Newcombe's end, where it is the wider: its own variance is one z away
    own = at * (1 - at) * (1 + more * (1 - at) / (2 - at) + more * at / (1 + at)) / 2400
    assert (area - at) / np.sqrt(own) == pytest.approx(1.96, rel=1e-4)
    truth = 0.76025  # P(N(1, 2) > 0)
    found = [auroc(random.normal(1, 1, 40), random.normal(size=60)) for _ in range(300)]
    assert 0.9 < np.mean([low <= truth <= high for _, low, high in found]) < 0.99


@pytest.mark.parametrize(("yes", "no"), [(8, 6), (2, 2), (5000, 400)])
def test_areas_of_0_and_1_have_a_width(yes: int, no: int):
    area, low, high = auroc(np.ones(yes), np.zeros(no))
    assert (area, high) == (1, 1)
    assert 0 < low < 1 - 1 / max(yes, no)
    assert auroc(np.zeros(yes), np.ones(no)) == (0, 0, pytest.approx(1 - low))


def test_scores_of_logits_written_out():
    known, unknown = datasets()
    logits = [of.values @ known.weight.T + known.bias for of in (known, unknown)]
    expected = {
        "softmax": [softmax(z, axis=1).max(axis=1) for z in logits],
        "logit": [z.max(axis=1) for z in logits],
        "energy": [logsumexp(z, axis=1) for z in logits],
    }
    for score, values in expected.items():
        found = separation(known, unknown, score)
        np.testing.assert_allclose(found.known, values[0])
        np.testing.assert_allclose(found.unknown, values[1])
        assert found.auroc > 0.6
        assert found.low < found.auroc < found.high
    warm = separation(known, unknown, "energy", temperature=10.0)
    np.testing.assert_allclose(warm.known, 10 * logsumexp(logits[0] / 10, axis=1))


def test_scores_of_neighbours_as_scikit_learn_says():
    known, unknown = datasets()
    unit = [of.values / np.linalg.norm(of.values, axis=1, keepdims=True) for of in (known, unknown)]
    model = NearestNeighbors(n_neighbors=7).fit(unit[0])
    found = separation(known, unknown, "knn", k=7)
    np.testing.assert_allclose(found.known, -model.kneighbors()[0][:, -1])  # each left out
    np.testing.assert_allclose(found.unknown, -model.kneighbors(unit[1])[0][:, -1])
    bank = Features(known.values[:100])
    from_bank = separation(Features(known.values[100:]), unknown, "knn", k=7, bank=bank)
    model.fit(unit[0][:100])
    np.testing.assert_allclose(from_bank.known, -model.kneighbors(unit[0][100:])[0][:, -1])


def test_neighbours_of_many_are_drawn(monkeypatch: pytest.MonkeyPatch):
    known, unknown = datasets()
    whole = separation(known, unknown, "knn", k=7)
    monkeypatch.setattr(ood, "ROWS", 1)  # a few samples at a time
    np.testing.assert_allclose(separation(known, unknown, "knn", k=7).known, whole.known)
    monkeypatch.setattr(ood, "MOST", 50)
    monkeypatch.setattr(ood, "BANK", 90)
    found = separation(known, unknown, "knn", k=7)
    assert len(found.known) == len(found.unknown) == 50
    assert found.caveats == ("50 of the 300 known samples are drawn.", "50 of the 200 unknown samples are drawn.")
    assert (found.known < 0).all()


def test_histograms_hold_every_sample():
    known, unknown = datasets()
    for score in SCORES:
        found = separation(known, unknown, score)
        assert len(found.edges) == BINS + 1
        assert (found.known_counts.sum(), found.unknown_counts.sum()) == (300, 200)
    same = apart(np.full(5, 2.0), np.full(3, 2.0))
    assert (same.known_counts.sum(), same.unknown_counts.sum()) == (5, 3)


@pytest.mark.parametrize("score", SCORES)
def test_bad_input(score: str):
    known, unknown = datasets()
    for one, two in ((known, Features(unknown.values[:0])), (Features(known.values[:0]), unknown)):
        found = separation(one, two, score)
        assert np.isnan([found.auroc, found.aupr, found.fpr95]).all()
        assert found.why.startswith("not defined here because ")
        assert len(found.edges) == BINS + 1
    few = separation(known, Features(unknown.values[:1]), score)
    assert 0 <= few.auroc <= 1
    assert np.isnan(few.low)
    broken = unknown.values.copy()
    broken[4] = np.nan
    found = separation(known, Features(broken), score)
    assert len(found.unknown) == 199
    assert "1 of the unknown samples" in found.caveats[0]
    zero = Features(np.zeros((300, 8)), weight=known.weight, bias=known.bias)
    assert 0 <= separation(zero, Features(np.zeros((200, 8))), score).auroc <= 1


def test_no_head_and_few_neighbours():
    known, unknown = datasets()
    assert "no linear head" in separation(Features(known.values), unknown, "energy").why
    assert np.isfinite(separation(Features(known.values), unknown, "knn").auroc)
    assert (
        "50 neighbours take more than 50 known samples" in separation(Features(known.values[:50]), unknown, "knn").why
    )


def test_what_does_not_go_together_is_refused():
    known, unknown = datasets()
    with pytest.raises(UnknownName, match="mahalanobis"):
        separation(known, unknown, "mahalanobis")
    with pytest.raises(BadParameter, match="8 and 5"):
        separation(known, Features(unknown.values[:, :5]), "knn")
    with pytest.raises(BadParameter, match="temperature"):
        separation(known, unknown, "energy", temperature=0)
    with pytest.raises(BadParameter, match="'ood'"):
        separation(known, unknown, "energy", positive="ood")  # pyright: ignore[reportArgumentType]


def test_known_samples_of_other_classes_are_said_to_be_that():
    known, unknown = datasets()
    foreign = Features(known.values, known.labels, weight=known.weight, bias=known.bias, of_head=False)
    one, two = separation(known, unknown, "logit"), separation(foreign, unknown, "logit")
    assert one.auroc == two.auroc
    assert one.caveats == ()
    assert two.caveats == ("The known samples are of classes that the network does not name either.",)
