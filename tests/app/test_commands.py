"""Data, passes, training and the store from the command line, as a user types it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from tests.app.typed import answered, cutaway

COLUMNS = ["sample", "truth", "prediction", "confidence", "correct", "loss", "angle", "length", "margin"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of one colour each, a folder a class, and a file that is no picture."""
    folder = tmp_path / "pictures"
    for name, colour in (("cat", "teal"), ("dog", "orange")):
        (folder / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (40, 30), colour).rotate(number).save(folder / name / f"{number}.png")
    (folder / "cat" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return folder


@pytest.mark.slow
def test_a_made_dataset_is_predicted_once_and_read_back(tmp_path, capsys):
    made = answered(capsys, "generate", "shapes", "--name", "few", "--count", 60, "--label-noise", "0.1")
    assert (made["size"], made["masks"], made["params"]["label_noise"]) == (60, 60, 0.1)
    words = ("predict", "--model", "shapes-cnn", "--data", "few", "--features", "auto,logits")
    first = answered(capsys, *words, "--out", tmp_path / "out" / "few.parquet")
    table = parquet.read_table(tmp_path / "out" / "few.parquet")
    assert set(COLUMNS) <= set(table.column_names)
    assert table["sample"].to_pylist() == list(range(60))
    correct, truth, prediction = (table[name].to_numpy() for name in ("correct", "truth", "prediction"))
    assert np.array_equal(correct, truth == prediction)
    assert np.array_equal(correct, table["margin"].to_numpy() > 0)
    assert first["accuracy"] == pytest.approx(correct.mean())
    assert first["taps"] == ["layer3", "logits"]
    again = answered(capsys, *words)
    assert again["computed_at"] == first["computed_at"]


def test_a_folder_is_imported_and_what_was_skipped_is_said(pictures, capsys):
    found = answered(capsys, "import-data", pictures, "--name", "pets")
    assert (found["size"], found["class_names"], found["skipped"]) == (6, ["cat", "dog"], 1)
    capsys.readouterr()
    assert cutaway("datasets") == 0
    said = capsys.readouterr().out
    assert "pets: 6 images of 2 classes" in said
    assert "broken.png" in said
    listed = answered(capsys, "datasets")["datasets"]
    assert [d["name"] for d in listed] == ["pets"]


def test_classes_that_a_model_does_not_know_are_said(pictures, capsys):
    (pictures / "dog").rename(pictures / "unicorn")
    assert cutaway("import-data", pictures, "--name", "pets") == 0
    found = answered(capsys, "predict", "--model", "resnet20-cifar10", "--data", "pets")
    assert found["class_map"] == [3, -1]
    assert any("unicorn" in remark for remark in found["remarks"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import-data", "nowhere", "--name", "a"), "no file or folder 'nowhere'"),
        (("predict", "--model", "shapes-cnn", "--data", "nothing"), "no dataset named 'nothing'"),
        (("generate", "shaps", "--name", "a"), "Did you mean: shapes"),
        (("generate", "shapes", "--name", "a", "--predictivity", "2"), "a number from 0 to 1, got 2"),
        (("generate", "shapes", "--name", "a", "--colour", "red"), "'colour'"),
        (("train", "shapes-cn"), "Did you mean: shapes-cnn"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(words, said, capsys):
    assert cutaway(*words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cutaway: ")
    assert said in line


def test_an_option_without_its_value_is_exit_code_2():
    assert cutaway("generate", "shapes", "--count") == 2
    assert cutaway("generate", "shapes", "30") == 2


def test_the_knobs_of_a_generator_are_listed(capsys):
    found = answered(capsys, "generate", "shapes", "--knobs")
    assert {"count", "seed", "shortcut", "predictivity", "availability"} <= {k["name"] for k in found["knobs"]}


@pytest.mark.slow
def test_a_recipe_trains_a_model_that_the_catalogue_then_knows(capsys):
    assert "digits-cnn" in {r["name"] for r in answered(capsys, "train", "--list")["recipes"]}
    card = answered(capsys, "train", "digits-cnn", "--epochs", 2, "--name", "mine")
    assert card["name"] == "mine"
    assert all(0 <= share <= 1 for share in card["accuracy"].values())
    assert "mine" in {m["name"] for m in answered(capsys, "models")["models"]}


def test_the_store_is_checked_compacted_exported_and_taken_in_again(pictures, tmp_path, capsys):
    assert cutaway("import-data", pictures, "--name", "pets") == 0
    assert cutaway("store", "check") == 0
    assert answered(capsys, "store", "info")["rows"]["sample"] == 6
    assert answered(capsys, "store", "compact")["removed"] == 0
    answered(capsys, "store", "export", tmp_path / "tables")
    other = ("--workspace", tmp_path / "other")
    assert answered(capsys, "store", "import", tmp_path / "tables", *other)["rows"]["sample"] == 6


def test_a_lost_file_is_a_problem_of_the_store(pictures, workspace, capsys):
    found = answered(capsys, "import-data", pictures, "--name", "pets")
    (workspace / "datasets" / found["dataset_id"] / "samples.parquet").unlink()
    capsys.readouterr()
    assert cutaway("store", "check") == 1
    assert "pets" in capsys.readouterr().out
