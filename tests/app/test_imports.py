"""The first page must not wait for torch: what it imports is light."""

import subprocess
import sys


def test_the_page_imports_nothing_heavy() -> None:
    heavy = ("torch", "captum", "skimage", "sklearn")
    code = f"import sys, app.views.explain; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.strip() == "[]"
