"""A workspace with made-up sweeps, to look at pages with: python -m tests.show_made_up FOLDER; then
CUTAWAY_WORKSPACE=FOLDER cutaway run --headless --port 8601
"""

import sys
from pathlib import Path

from analysis.store import Store
from tests import sweeps

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with Store.open(folder) as store:
        sweeps.kept(store, folder / "made24", sweeps.record(24, 19, 1000, 12, sweep_id="made24"))
        sweeps.kept(store, folder / "made3", sweeps.record(3, 19, 200, 10, sweep_id="made3"))
