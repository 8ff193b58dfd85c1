"""What may import what, where import-linter does not look."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "analysis", "models")


def imported_names(package: str) -> set[str]:
    """The first part of every module name that a package imports."""
    names = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names


def test_nothing_in_app_is_named_like_a_package_that_it_imports():
    """Streamlit puts the folder of main.py first on sys.path, so app/plotly.py would hide plotly."""
    ours = {path.stem for path in (ROOT / "app").iterdir() if not path.name.startswith("_")}
    imported = set().union(*(imported_names(p) for p in PACKAGES)) | set(sys.stdlib_module_names)
    assert not ours & imported


def test_no_folder_switches_streamlit_to_its_old_multipage_mode():
    assert not (ROOT / "app" / "pages").exists()


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("app.cli", ("torch", "streamlit", "plotly", "timm", "duckdb", "numpy")),
        ("app.settings", ("torch", "streamlit")),
        ("analysis.registry", ("torch",)),
        ("analysis.errors", ("torch",)),
    ],
)
def test_importing_is_light(module: str, heavy: tuple[str, ...]):
    code = f"import sys, {module}; print(*[m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_make_check_looks_at_the_import_rules():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    assert "lint-imports" in recipe
