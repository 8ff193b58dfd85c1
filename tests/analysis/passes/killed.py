"""A pass in a process of its own, to be killed: `python -m tests.analysis.passes.killed FOLDER`."""

import sys
import time
from pathlib import Path

from analysis.passes import parts
from analysis.passes.run import run_pass
from tests.analysis.passes.pictures import Arrays, classifier, noise

IMAGES, BATCH, PAUSE = 1500, 16, 0.002
TAPS = ("norm", "hidden", "logits", "penultimate")


class Slow(Arrays):
    """Leaves time to be killed in."""

    def pixels(self, samples):
        time.sleep(PAUSE)
        return super().pixels(samples)


def run(folder: Path) -> None:
    parts.PART = 64
    images = noise(IMAGES)
    slow = Slow(images.stored, images.labels)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run_pass([classifier()], slow, [folder], class_maps=[range(5)], taps=TAPS, batch=BATCH)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
