"""The sample photographs are there and cost nothing to list."""

import subprocess
import sys

from analysis.datasets.decoding import decode
from analysis.datasets.samples import sample_pictures


def test_each_sample_decodes():
    samples = sample_pictures()
    assert len(samples) >= 6
    assert len({s.title for s in samples}) == len(samples)
    for sample in samples:
        picture = decode(sample.read(), sample.name)
        assert min(picture.pixels.size) >= 200
        assert sample.credit
        assert " " not in sample.title


def test_listing_imports_neither_package():
    code = (
        "import sys; from analysis.datasets.samples import sample_pictures; sample_pictures(); "
        "sys.exit(any(m in sys.modules for m in ('skimage', 'sklearn', 'torch', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
