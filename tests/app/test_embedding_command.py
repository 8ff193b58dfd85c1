"""`cutaway embed` and `cutaway neighbors`, as a user types them."""

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from analysis.datasets.opened import OpenDataset
from analysis.passes.features import feature_path
from analysis.records import DatasetRecord
from analysis.store import Store
from tests.analysis.pipelines.sweep_specimens import dataset, keep
from tests.app.typed import answered, cutaway

COUNT = 60
PLAIN = ("--model", "digits-cnn", "--data", f"digits{COUNT}")


@pytest.fixture(autouse=True)
def digits(workspace: Path) -> None:
    """A dataset `digits60` and a variant `half`."""
    with Store.open(workspace) as store:
        dataset(workspace, COUNT, store)
    keep(workspace, "half")


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What it says of what it cannot do, and that this is all it says."""
    capsys.readouterr()
    assert cutaway(*words) != 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return " ".join(said.err.replace("│", " ").split())


def features(workspace: Path, found: dict) -> np.ndarray:
    return np.load(feature_path(workspace / "passes" / found["pass_id"], found["tap"]))


def the_dataset(workspace: Path) -> DatasetRecord:
    with Store.open(workspace) as store:
        return store.dataset(f"digits{COUNT}")


def test_an_embedding_answers_and_writes_its_table(capsys, tmp_path, workspace):
    out = tmp_path / "new" / "t.parquet"
    found = answered(capsys, "embed", *PLAIN, "--dims", 3, "--out", out)
    assert (found["method"], found["dims"], found["samples"], found["tap"]) == ("pca", 3, COUNT, "penultimate")
    assert (found["condition"], found["placing"], found["out"]) == ("clean", "transform", str(out))
    table = pyarrow.parquet.read_table(out)
    assert table.column_names == ["sample", "x", "y", "z", "error"]
    assert table["sample"].to_pylist() == list(range(COUNT))
    points = np.stack([table[n].to_numpy() for n in "xyz"], axis=1)
    read = features(workspace, found)
    expected = PCA(3, svd_solver="full").fit_transform(read)
    np.testing.assert_allclose(np.abs(points), np.abs(expected), rtol=1e-3, atol=1e-4)  # signs are free
    assert found["quality"]["samples"] == COUNT
    k = found["quality"]["k"]
    assert found["quality"]["trustworthiness"] == pytest.approx(trustworthiness(read, points, n_neighbors=k))
    errors = table["error"].to_numpy()
    assert ((errors >= 0) & (errors <= 1)).all()
    assert 1 - errors.mean() == pytest.approx(found["quality"]["overlap"])
    assert cutaway("embed", *PLAIN, "--dims", 3) == 0
    said = capsys.readouterr().out
    assert f"{COUNT} samples in 3 dimensions" in said
    assert f"trustworthiness {found['quality']['trustworthiness']:.3f}" in said
    assert "by its own map" in said


@pytest.mark.slow
def test_what_was_asked_before_is_read_back(capsys, tmp_path):
    words = ("embed", *PLAIN, "--method", "tsne", "--param", "perplexity=8", "--seed", 3)
    first = answered(capsys, *words)
    assert (first["params"]["perplexity"], first["seed"], first["placing"]) == (8, 3, "neighbours")
    again = answered(capsys, *words, "--out", tmp_path / "t.csv")
    assert again == first | {"out": str(tmp_path / "t.csv")}
    typed = pyarrow.csv.read_csv(tmp_path / "t.csv")
    assert typed.column_names == ["sample", "x", "y", "error"]
    assert len(typed) == COUNT


def test_samples_without_a_place_are_empty_in_the_table(capsys, tmp_path, workspace):
    found = answered(capsys, "embed", *PLAIN)
    path = feature_path(workspace / "passes" / found["pass_id"], found["tap"])
    broken = np.load(path)
    broken[7] = np.nan
    np.save(path, broken)
    again = answered(capsys, "embed", *PLAIN, "--dims", 3, "--out", tmp_path / "t.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert [table[n][7].as_py() for n in ("x", "y", "z")] == [None] * 3
    assert table["x"].null_count == 1
    assert any("1 sample" in remark or "1 of 60" in remark for remark in again["remarks"])


@pytest.mark.slow
def test_models_are_laid_out_together(capsys, tmp_path):
    out = tmp_path / "t.parquet"
    found = answered(capsys, "embed", *PLAIN, "--method", "aligned_umap", "--with", "half", "--out", out)
    (other,) = found["with"]
    assert (found["model_name"], other["model_name"]) == ("digits-cnn", "half")
    assert found["group"] == other["group"] != ""
    assert other["out"] == str(tmp_path / "t-half.parquet")
    assert len(pyarrow.parquet.read_table(other["out"])) == COUNT


def test_what_cannot_be_embedded_is_said_in_a_line(capsys, workspace):
    assert "at most" in complaint(capsys, "embed", *PLAIN, "--method", "umap", "--param", "n_neighbors=80")
    assert "80" in complaint(capsys, "embed", *PLAIN, "--method", "tsne", "--param", "perplexity=80")
    assert "metric" in complaint(capsys, "embed", *PLAIN, "--method", "umap", "--param", "metric=miles")
    assert "has no parameter 'x'" in complaint(capsys, "embed", *PLAIN, "--param", "x=1")
    assert "is not NAME=VALUE" in complaint(capsys, "embed", *PLAIN, "--param", "standardise")
    assert "Did you mean: umap" in complaint(capsys, "embed", *PLAIN, "--method", "umpa")
    assert "nowhere" in complaint(capsys, "embed", *PLAIN, "--tap", "nowhere")
    assert "digits-cn" in complaint(capsys, "embed", "--model", "digits-cn", *PLAIN[2:])
    assert "digits6" in complaint(capsys, "embed", *PLAIN[:2], "--data", "digits6")
    assert "Did you mean: fog" in complaint(capsys, "embed", *PLAIN, "--condition", "fogg/3")
    assert "does not end in .csv or .parquet" in complaint(capsys, "embed", *PLAIN, "--out", workspace / "t.xlsx")
    assert not (workspace / "t.xlsx").exists()
    assert "--dims" in complaint(capsys, "embed", *PLAIN, "--dims", "4")
    assert "2 to 4 sources" in complaint(capsys, "embed", *PLAIN, "--method", "aligned_umap")
    with Store.open(workspace) as store:
        store.delete_dataset(store.dataset(f"digits{COUNT}").dataset_id)
    assert f"digits{COUNT}" in complaint(capsys, "embed", *PLAIN)
    assert f"digits{COUNT}" in complaint(capsys, "neighbors", *PLAIN, "--sample", 1)


def test_too_few_and_equal_samples_are_said(capsys, tmp_path, workspace):
    with Store.open(workspace) as store:
        dataset(workspace, 3, store)
    assert "at least 4" in complaint(capsys, "embed", "--model", "digits-cnn", "--data", "digits3")
    np.savez(tmp_path / "same.npz", x=np.full((20, 8, 8, 1), 90, np.uint8), y=np.arange(20) % 10)
    assert cutaway("import-data", tmp_path / "same.npz", "--name", "same") == 0
    assert "All 20 samples have the same features" in complaint(
        capsys, "embed", "--model", "digits-cnn", "--data", "same"
    )


def test_neighbours_of_a_sample_are_the_nearest(capsys, workspace):
    words = ("neighbors", *PLAIN, "--sample", 12, "--k", 5)
    found = answered(capsys, *words)
    read = features(workspace, found | {"pass_id": answered(capsys, "embed", *PLAIN)["pass_id"]}).astype(np.float64)
    unit = read / np.linalg.norm(read, axis=1, keepdims=True)
    away = 1 - unit @ unit[12]
    away[12] = np.inf
    order = np.argsort(away)[:5]
    assert [n["sample"] for n in found["neighbors"]] == order.tolist()
    assert [n["distance"] for n in found["neighbors"]] == pytest.approx(away[order], abs=1e-5)
    labels = OpenDataset.open(workspace / "datasets" / the_dataset(workspace).dataset_id).labels
    assert [n["truth"] for n in found["neighbors"]] == [str(labels[i]) for i in order]
    assert found["of"]["sample"] == 12
    straight = answered(capsys, *words, "--metric", "euclidean")
    away = np.linalg.norm(read - read[12], axis=1)
    away[12] = np.inf
    assert [n["sample"] for n in straight["neighbors"]] == np.argsort(away)[:5].tolist()
    assert cutaway(*words) == 0
    assert "sample 12" in capsys.readouterr().out


def test_a_sample_given_as_a_picture_finds_itself(capsys, tmp_path, workspace):
    opened = OpenDataset.open(workspace / "datasets" / the_dataset(workspace).dataset_id)
    opened.images([21])[0].convert("RGB").save(tmp_path / "own.png")
    found = answered(capsys, "neighbors", *PLAIN, "--image", tmp_path / "own.png", "-k", 3)
    assert found["neighbors"][0]["sample"] == 21
    assert found["neighbors"][0]["distance"] == pytest.approx(0, abs=1e-4)
    assert found["of"]["prediction"] == found["neighbors"][0]["prediction"]


def test_what_has_no_neighbours_is_said_in_a_line(capsys, tmp_path):
    assert "0 to 59" in complaint(capsys, "neighbors", *PLAIN, "--sample", 60)
    assert "either --sample or --image" in complaint(capsys, "neighbors", *PLAIN)
    (tmp_path / "no.png").write_bytes(b"no picture")
    assert "no.png" in complaint(capsys, "neighbors", *PLAIN, "--image", tmp_path / "no.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "black.png")
    assert "metric" in complaint(capsys, "neighbors", *PLAIN, "--sample", 1, "--metric", "miles")


def test_projections_are_listed_with_what_can_be_turned(capsys):
    found = {m["name"]: m for m in answered(capsys, "methods", "--family", "projections")["methods"]}
    assert {"pca", "umap", "tsne", "pacmap", "lda", "class_directions", "aligned_umap"} <= set(found)
    assert found["umap"]["knob"] in {p["name"] for p in found["umap"]["parameters"]}
    assert found["lda"]["needs"] == ["labels"]
    assert found["pca"]["quick"]
    assert cutaway("methods", "--family", "projections") == 0
    said = capsys.readouterr().out
    assert "umap.n_neighbors=15" in said
    assert "needs labels" in said


def test_the_table_is_whole_or_not_there(capsys, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "t.parquet"))

    monkeypatch.setattr(pyarrow.parquet, "write_table", full)
    assert "No space left" in complaint(capsys, "embed", *PLAIN, "--out", tmp_path / "t.parquet")
    assert list(tmp_path.glob("*t.parquet*")) == []
