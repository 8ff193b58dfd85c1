"""Which models the Geometry page shows first, and in which order it lists them."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from app import resources
from app.widgets.geometry import models_here
from tests.app.geometry_beside import measured
from tests.embeddings_workspace import made


def closed() -> None:
    resources.closing().close()
    st.cache_resource.clear()


def test_each_founder_stands_before_what_was_made_from_it() -> None:
    names = ["b-50", "a-lrr-80", "b", "c", "a", "a-lrr-50"]
    assert models_here.ordered(names) == ["a", "a-lrr-50", "a-lrr-80", "b", "b-50", "c"]
    assert models_here.ordered(models_here.ordered(names)) == models_here.ordered(names)


def test_a_newcomer_sees_a_founder_what_pruning_does_and_what_too_much_does(workspace: Path) -> None:
    (record,) = made(workspace, 20, 2, 4, 1, pictures=False).passes

    def usual(*names: str) -> tuple[str, ...]:
        return models_here.usual([replace(record, pass_id=n.rjust(64, "0"), model_name=n) for n in names])

    assert usual("net-lrr-80", "net") == ("net", "net-lrr-80")
    assert usual("net-95", "net-50", "net-80", "net-90", "net") == ("net", "net-80", "net-95")
    assert usual("net-50", "other", "third", "net") == ("net", "net-50", "other")
    assert usual("other", "net-50", "net-80", "net") == ("net", "net-50", "other")
    assert usual() == ()
    closed()


def test_what_was_measured_is_shown_first(workspace: Path) -> None:
    (record,) = measured(workspace, 60, 2, 4, 1).passes
    others = [replace(record, pass_id=f"{i:064d}", model_name=f"z{i}", taps=("conv1",)) for i in range(4)]
    assert "net" in models_here.usual([*others, record])
    closed()


def test_a_model_that_names_other_classes_stands_last(workspace: Path) -> None:
    (record,) = made(workspace, 20, 2, 4, 1, pictures=False).passes
    strange = replace(record, pass_id="a" * 64, model_name="another", class_map=(-1,) * len(record.class_map))
    others = [replace(record, pass_id=f"{i:064d}", model_name=f"z{i}") for i in range(3)]
    assert models_here.usual([strange, record]) == ("net", "another")
    assert "another" not in models_here.usual([strange, record, *others])
    closed()


def test_a_model_is_there_where_its_file_is_or_where_it_was_run(workspace: Path) -> None:
    made(workspace, 20, 2, 4, 1, pictures=False)
    folder = resources.settings().imported_models
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.safetensors").write_bytes(b"")
    assert all(map(models_here.exists, ("net", "shapes-cnn", "mine")))
    assert not models_here.exists("nobody")
    closed()
