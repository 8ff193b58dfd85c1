"""No page must wait for torch: what they import is light."""

import subprocess
import sys


def test_the_pages_import_nothing_heavy() -> None:
    heavy = ("torch", "captum", "skimage", "sklearn", "pandas", "pyarrow")
    views = "from app import frame; from app.views import explain, samples, variants, workspace"
    code = f"import sys; {views}; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.strip() == "[]"
