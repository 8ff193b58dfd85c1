"""What a stranger gets: a licence, pins that cover the dependencies, nothing of the machine it was written on."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [Requirement(r) for r in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]
LEFT_OUT = re.compile(r"nvidia-|cuda-|triton")  # torch pins these itself, where they exist


def constraints() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def pins() -> dict[str, Version]:
    return {canonicalize_name(r.name): Version(next(iter(r.specifier)).version) for r in constraints()}


def tracked_texts() -> dict[str, str]:
    """The text files that a clone brings (and those about to be added), by their path."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of the project's files")
    texts = {}
    for name in filter(None, listing.stdout.split("\0")):
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # an image, a checkpoint, or a file removed but not yet committed
    return texts


def test_every_constraint_is_one_exact_pin():
    names = [canonicalize_name(r.name) for r in constraints()]
    assert sorted(set(names)) == sorted(names)
    for requirement in constraints():
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(requirement.specifier)), requirement
        assert requirement.url is None


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda r: r.name)
def test_every_dependency_is_pinned_to_a_version_that_it_allows(requirement: Requirement):
    assert str(pins()[canonicalize_name(requirement.name)]) in requirement.specifier


def test_what_the_dependencies_depend_on_is_pinned():
    todo, seen, unpinned = list(DECLARED), set(), set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if (name, *requirement.extras) in seen or LEFT_OUT.match(name):
            continue
        seen.add((name, *requirement.extras))
        if name not in pins():
            unpinned.add(name)
        for line in requires(name) or []:
            further = Requirement(line)
            extras = requirement.extras or {""}
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(further)
    assert not unpinned


def test_no_registry_host_and_no_path_of_a_machine_in_any_file():
    host = re.compile(
        r"(extra-)?index[-_]url|find-links|https?://[^\s\"']+/simple\b|files\.pythonhosted|pypi\.org|registry\.npmjs"
    )
    here = {str(ROOT), str(ROOT.parent), str(Path.home()), sys.base_prefix} - {"/", "/usr", "/tmp", "/home"}
    machine = re.compile("|".join(rf"(?<![\w.]){re.escape(folder)}(?![\w-])" for folder in here))
    this_file = Path(__file__).relative_to(ROOT).as_posix()
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_texts().items()
        if name != this_file
        for pattern in (host, machine)
        if (match := pattern.search(text))
    ]
    assert found == []


def test_the_licence_is_there_and_named():
    assert PROJECT["license"] == "BSD-3-Clause"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License")


def test_the_version_is_in_the_changelog():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(PROJECT['version'])}\b", changelog, re.MULTILINE)


def test_the_project_cannot_be_uploaded_by_mistake():
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    """A package that comes along with another today may not do so tomorrow."""
    optional = [r for extra, listed in PROJECT["optional-dependencies"].items() if extra != "dev" for r in listed]
    declared = {canonicalize_name(Requirement(r).name) for r in [*PROJECT["dependencies"], *optional]}
    imported = third_party_imports()
    assert imported - declared == set()
    assert declared - imported == set()


def third_party_imports() -> set[str]:
    """The distributions that the three packages import, by their canonical names."""
    modules = set().union(*(imported_modules(ROOT / package) for package in ("app", "analysis", "models")))
    outside = modules - set(sys.stdlib_module_names) - {"app", "analysis", "models"}
    owners = packages_distributions()
    return {canonicalize_name(owners[module][0]) for module in outside}


def imported_modules(folder: Path) -> set[str]:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in plain | froms}
