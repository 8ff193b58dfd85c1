"""Claims about what pruned networks still know under corruption."""

import numpy as np

from analysis.robustness.bootstrap import score
from analysis.robustness.evidence import LOTTERY, MULTI_PRIZE, Bar, Evidence, Finding, bars, percent, said
from analysis.sweeps import Score

MULTI_ROBUST = "Multi-prize tickets are more robust than other networks with as many zeros."
PARAMETERS = "How many parameters are left does not by itself explain robustness."
CARD = "Lottery-style pruning keeps accuracy and robustness at high sparsity."
FRAGILE = "Some images are fragile everywhere: every network loses them under corruption."
_EXPLAINED = 0.5
_KEPT = -0.02  # accuracy
_HIGH = 0.9


def multi_prize_robust(given: Evidence) -> Finding:
    name = "robustness of multi-prize tickets"
    tickets = given.of(MULTI_PRIZE)
    others = [i for i, m in enumerate(given.members) if m.method and i not in tickets]
    beside = given.beside(tickets, others)
    if not tickets or not beside:
        why = "the sweep has no multi-prize ticket" if not tickets else "no other network has the sparsity of a ticket"
        return given.unsaid(name, MULTI_ROBUST, f"{why} (biprop or edge_popup).")
    robust = given.robust
    more = percent(robust[tickets].mean(axis=0) - robust[beside].mean(axis=0))
    gap = percent((given.clean - robust)[tickets].mean(axis=0) - (given.clean - robust)[beside].mean(axis=0))
    sentence = (
        f"{len(tickets)} tickets keep {said(more)} points more accuracy under corruption than the mean of the "
        f"{len(beside)} other networks of their sparsity (below zero: less); they lose {said(gap)} points more from "
        "clean to corrupted."
    )
    shown = [*tickets, *beside]
    rows = bars([given.members[i].name for i in shown], robust[shown], range(len(tickets)), 100)
    return given.finding(name, MULTI_ROBUST, "found" if more.low > 0 else "not found here", sentence, more, rows, "%")


def parameters(given: Evidence) -> Finding:
    """The best curve that never rises with sparsity (isotonic regression), the most generous form of the claim's
    contrary: what it leaves unexplained is not explained by the parameter count in any such way.
    """
    from sklearn.isotonic import IsotonicRegression

    name = "parameter count"
    there = [i for i, m in enumerate(given.members) if m.method and m.sparsity is not None]
    sparsity = np.array([given.members[i].sparsity for i in there], np.float64)
    if len(there) < 6 or len(np.unique(sparsity.round(3))) < 2:
        why = f"it takes six pruned networks of two sparsities; there are {len(there)}."
        return given.unsaid(name, PARAMETERS, why)
    robust = given.robust[there].astype(np.float64)
    fit = IsotonicRegression(increasing=False)
    left = np.stack([row - fit.fit_transform(sparsity, row) for row in robust.T], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = percent(1 - (left**2).sum(axis=0) / ((robust - robust.mean(axis=0)) ** 2).sum(axis=0))
    if not np.isfinite(explained.value):
        return given.unsaid(name, PARAMETERS, "all networks are alike under corruption.")
    best, worst, level = _widest(robust, sparsity)
    apart = percent(robust[best] - robust[worst])
    sentence = (
        f"The share of zeros alone explains {said(explained, 0, '%')} of the variance of accuracy under corruption "
        f"over {len(there)} pruned networks (best curve that only falls); among those with {100 * level:.0f} % zeros, "
        f"{given.members[there[best]].name} is {said(apart)} points above {given.members[there[worst]].name}."
    )
    verdict = "found" if explained.high < 100 * _EXPLAINED else "not found here"
    names = [f"{100 * sparsity[k]:.0f} %: {given.members[i].name}" for k, i in enumerate(there)]
    rows = bars(names, robust, (best, worst), 100)
    return given.finding(name, PARAMETERS, verdict, sentence, explained, rows, "%")


def lottery(given: Evidence) -> Finding:
    """Against the network it was made from: both accuracies within two points, at the low end of the interval."""
    name = "lottery at high sparsity"
    names = {m.name: i for i, m in enumerate(given.members)}
    high = [
        i
        for i in given.of(LOTTERY)
        if (m := given.members[i]).sparsity is not None and m.sparsity >= _HIGH and m.parent in names
    ]
    if not high:
        why = f"the sweep has no lottery-style network ({', '.join(LOTTERY)}) with at least {100 * _HIGH:.0f} % zeros"
        return given.unsaid(name, CARD, f"{why} beside the network it was made from.")
    parents = [names[given.members[i].parent] for i in high]
    clean = 100 * (given.clean[high] - given.clean[parents])
    robust = 100 * (given.robust[high] - given.robust[parents])
    best = int(np.argmax(np.minimum(clean[:, 0], robust[:, 0])))
    one, other = score(clean[best]), score(robust[best])
    keeps = min(one.low, other.low) > 100 * _KEPT
    member = given.members[high[best]]
    sentence = (
        f"Of {len(high)}, {member.name} ({100 * (member.sparsity or 0):.0f} % zeros) keeps the most: against "
        f"{member.parent} its accuracy changes by {said(one)} points on clean images and by {said(other)} under "
        f"corruption. 'Keeps' means here: no more than {-100 * _KEPT:.0f} points lost, at the lower end of both "
        "intervals. Published for CIFAR-10-C (WideResNet-18-2, 95 %, AugMix): learning-rate rewinding 90.94 %, clean "
        "96.66 %."
    )
    rows = []
    for k, i in enumerate(high):
        rows.append(Bar(f"{given.members[i].name}, clean", score(clean[k]), k == best))
        rows.append(Bar(f"{given.members[i].name}, corrupted", score(robust[k]), k == best))
    return given.finding(name, CARD, "found" if keeps else "not found here", sentence, other, rows, "points")


def fragile(given: Evidence) -> Finding:
    """Samples that every network has wrong under at least half of the corrupted conditions."""
    name = "fragile everywhere"
    there = np.flatnonzero(given.working)
    known = np.isfinite(given.wrong).all(axis=0)
    if len(there) < 2 or not known.any():
        return given.unsaid(name, FRAGILE, "it takes two networks that are better than chance, and known classes.")
    lost = given.wrong[there][:, known] >= 0.5
    shares = np.stack([lost.all(axis=0), (given.wrong[there][:, known] == 0).all(axis=0)]).astype(np.float64)
    everywhere, never = (percent(row) for row in given.weighted(shares))
    chance = 100 * float(np.prod(lost.mean(axis=1)))
    fine = int((shares[0].astype(bool) & (given.right[there][:, known] == 1).any(axis=0)).sum())
    sentence = (
        f"{int(shares[0].sum()):,} of {int(known.sum()):,} images, {said(everywhere, 1, '%')}, are wrong in all "
        f"{len(there)} networks under at least half of the corrupted conditions; if networks failed independently "
        f"{chance:.2g} % would be. Without corruption at least one network is right about {fine:,} of them. "
        f"{int(shares[1].sum()):,} images, {said(never, 1, '%')}, are right in all networks "
        "under all conditions."
    )
    verdict = "found" if everywhere.low > chance and shares[0].any() else "not found here"
    counts = np.bincount(lost.sum(axis=0), minlength=len(there) + 1)
    rows = [Bar(f"{k} networks", Score(float(100 * c / known.sum())), k == len(there)) for k, c in enumerate(counts)]
    return given.finding(name, FRAGILE, verdict, sentence, everywhere, rows, "% of images", count=int(known.sum()))


def _widest(robust: np.ndarray, sparsity: np.ndarray) -> tuple[int, int, float]:
    """Best and worst of the sparsity with the largest difference."""
    found = (0, 0, float(sparsity[0]), -1.0)
    for level in np.unique(sparsity.round(3)):
        at = np.flatnonzero(np.abs(sparsity - level) <= 0.025)
        best, worst = at[robust[at, 0].argmax()], at[robust[at, 0].argmin()]
        if (apart := robust[best, 0] - robust[worst, 0]) > found[3]:
            found = (int(best), int(worst), float(level), float(apart))
    return found[:3]
