"""How the sparsity grows over the rounds of an iterative pruning."""

from typing import Literal

from analysis.errors import BadParameter

Schedule = Literal["geometric", "linear", "cubic"]


def levels(sparsity: float, rounds: int, schedule: Schedule = "geometric") -> tuple[float, ...]:
    """The sparsity after each round, the last exactly `sparsity`.

    geometric: each round takes the same fraction of what is left (Frankle & Carbin 2019: 20 %);
    linear: the same number of weights; cubic: s_t = s (1 - (1 - t / T)^3), most at first (Zhu & Gupta 2017, eq. 1).
    """
    if rounds < 1:
        raise BadParameter(f"A pruning takes at least one round; got {rounds}.")
    parts = [t / rounds for t in range(1, rounds)]
    if schedule == "geometric":
        found = [1 - (1 - sparsity) ** part for part in parts]
    elif schedule == "linear":
        found = [sparsity * part for part in parts]
    else:
        found = [sparsity * (1 - (1 - part) ** 3) for part in parts]
    return (*(round(level, 6) for level in found), sparsity)
