"""What a geometry job leaves is taken in few pieces, each of one pass."""

from dataclasses import replace

import numpy as np

from analysis.pipelines.geometry_files import Parts
from tests.analysis.pipelines.test_geometry_findings import number


def test_parts_are_taken_together_by_pass_up_to_a_size(tmp_path) -> None:
    parts = Parts(tmp_path, {"dataset": "d"})
    left = {}
    for pass_id in ("a", "b"):
        for tap in ("relu", "layer1.0", "layer2.0"):
            one = replace(number("spectrum", 1.0, tap), pass_id=pass_id, arrays=("values",))
            values = np.random.default_rng(len(left)).normal(size=10)
            parts.leave([one], {(tap, "spectrum"): {"values": values}}, pass_id, tap)
            left[pass_id, tap] = values

    for most, pieces in ((10**9, 2), (100, 4), (0, 6)):  # of 80 bytes a part
        found = list(parts.together(most))
        assert len(found) == pieces
        assert all(len({n.pass_id for n in numbers}) == 1 for numbers, _ in found)
        assert sorted((n.pass_id, n.tap) for numbers, _ in found for n in numbers) == sorted(left)
        for numbers, arrays in found:
            assert len(arrays) == len(numbers)
            for n in numbers:
                np.testing.assert_array_equal(arrays[n.tap, "spectrum"]["values"], left[n.pass_id, n.tap])
    parts.clear()
    assert list(parts.together(100)) == []
