import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.errors import BadTable, DataError, EmptyDataset
from analysis.records import UNLABELLED


@pytest.fixture
def images(tmp_path, image_bytes) -> Path:
    folder = tmp_path / "table"
    (folder / "img").mkdir(parents=True)
    for i in range(4):
        (folder / "img" / f"{i}.png").write_bytes(image_bytes(i))
    return folder


def csv(folder: Path, *lines: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def parquet(path: Path, schema: pa.Schema | None = None, /, **columns: list) -> Path:
    pq.write_table(pa.table(columns, schema=schema), path)
    return path


def opened(datasets: Path, source: Path, **options) -> OpenDataset:
    return OpenDataset.open(datasets / import_dataset(source, datasets, "t", **options).dataset_id)


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize(("image", "label"), [("path", "label"), ("Filename", "CLASS"), ("image_path", "category")])
def test_columns_are_guessed(images, datasets, separator, image, label):
    source = csv(
        images,
        separator.join(("id", image, label)),
        *(separator.join(("7", f"img/{i}.png", "ab"[i % 2])) for i in range(4)),
    )
    found = opened(datasets, source)
    assert found.record.kind == "table"
    assert found.record.class_names == ("a", "b")
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.names == [f"img/{i}.png" for i in range(4)]


def test_whole_numbers_are_indices(images, datasets):
    found = opened(datasets, csv(images, "file,y", "img/0.png,3", "img/1.png,0", "img/2.png,", "img/3.png,-1"))
    assert found.labels.tolist() == [3, 0, UNLABELLED, UNLABELLED]
    assert found.record.class_names == ("class 0", "class 1", "class 2", "class 3")
    assert found.record.labelled == 2


def test_numbers_among_words_are_words(images, datasets):
    found = opened(datasets, csv(images, "file,y", "img/0.png,3", "img/1.png,cat"))
    assert found.record.class_names == ("3", "cat")


def test_columns_may_be_said(images, datasets):
    source = csv(images, "path,label,where,what", "x,y,img/0.png,a", "x,y,img/1.png,b")
    found = opened(datasets, source, image_column="where", label_column="what")
    assert found.record.class_names == ("a", "b")


def test_a_missing_label_column_lists_the_columns(images, datasets):
    source = csv(images, "path,size,colour", "img/0.png,1,red")
    with pytest.raises(BadTable, match=r"holds the labels\? Its columns are: path, size, colour\..*say 'none'"):
        import_dataset(source, datasets, "t")
    with pytest.raises(BadTable, match="no column 'kind'; its columns are: path, size, colour"):
        import_dataset(source, datasets, "t", label_column="kind")
    assert not datasets.exists() or list(datasets.iterdir()) == []


def test_a_missing_image_column_lists_the_columns(images, datasets):
    with pytest.raises(BadTable, match=r"holds the images.*a, label"):
        import_dataset(csv(images, "a,label", "1,2"), datasets, "t")


def test_without_labels_when_said(images, datasets):
    found = opened(datasets, csv(images, "path,colour", "img/0.png,red"), label_column="none")
    assert (found.record.labelled, found.record.class_names) == (0, ())


def test_bad_rows_are_skipped_with_their_reason(images, datasets):
    (images.parent / "outside.png").write_bytes((images / "img" / "0.png").read_bytes())
    (images / "img" / "text.png").write_text("no image", encoding="utf-8")
    rows = ("img/0.png", "img/none.png", "../outside.png", "/etc/hostname", "", "img/text.png")
    found = opened(datasets, csv(images, "path,label", *(f"{r},a" for r in rows)))
    assert found.record.size == 1
    reasons = dict(found.record.skipped_examples)
    assert "is not there" in reasons["img/none.png"]
    assert "outside of the table's folder" in reasons["../outside.png"]
    assert "outside of the table's folder" in reasons["/etc/hostname"]
    assert "has no image" in reasons["row 000004"]
    assert "a text file" in reasons["img/text.png"]


def test_a_path_listed_twice_is_taken_twice(images, datasets):
    found = opened(datasets, csv(images, "path,label", "img/0.png,a", "img/0.png,b"))
    assert found.names == ["img/0.png", "img/0.png (2)"]
    assert any("under more than one label" in r for r in found.record.remarks)


def test_parquet_of_bytes(tmp_path, datasets, image_bytes):
    data = [image_bytes(i) for i in range(3)]
    found = opened(datasets, parquet(tmp_path / "t.parquet", image=data, label=["b", "a", None]))
    assert found.labels.tolist() == [1, 0, UNLABELLED]
    assert [found.encoded(i)[1] for i in range(3)] == data


def test_hugging_faces_form(tmp_path, datasets, image_bytes):
    """A struct of bytes and path, and the class names in the metadata."""
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = {"label": {"names": ["cat", "dog", "fish"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = pa.schema([("image", image), ("label", pa.int64())], metadata=metadata)
    rows = [{"bytes": image_bytes(i), "path": f"{2 - i}.png"} for i in range(3)]
    found = opened(datasets, parquet(tmp_path / "t.parquet", schema, image=rows, label=[2, 0, 1]))
    assert found.record.class_names == ("cat", "dog", "fish")
    assert found.names == ["0.png", "1.png", "2.png"]
    assert found.labels.tolist() == [1, 0, 2]


def test_parquet_of_paths_and_a_folder_of_parquet(images, datasets):
    parquet(images / "b.parquet", path=["img/2.png"], label=["dog"])
    parquet(images / "a.parquet", path=["img/0.png", "img/1.png"], label=["cat", "dog"])
    assert opened(datasets, images / "a.parquet").record.size == 2
    assert opened(datasets, images, kind="table").record.size == 3


def test_a_label_out_of_range_is_refused(tmp_path, datasets, image_bytes):
    source = parquet(tmp_path / "t.parquet", image=[image_bytes()], label=[5])
    with pytest.raises(DataError, match="label 5, but there are 2 classes, 0 to 1"):
        import_dataset(source, datasets, "t", class_names=("a", "b"))
    assert list(datasets.iterdir()) == []


def test_labels_that_are_neither_numbers_nor_texts_are_skipped(tmp_path, datasets, image_bytes):
    data = [image_bytes(i) for i in range(3)]
    found = opened(datasets, parquet(tmp_path / "t.parquet", image=data, label=[1.0, 0.5, float("nan")]))
    assert found.record.size == 2
    assert "neither a whole number nor a text" in found.record.skipped_examples[0][1]


@pytest.mark.parametrize("data", [b"PAR1 and nothing else", b"\xff\xfe\x00bad,\xff\n\xff,\xff\n"])
def test_damaged_tables_are_refused(tmp_path, datasets, data):
    path = tmp_path / ("t.parquet" if data.startswith(b"PAR1") else "t.csv")
    path.write_bytes(data)
    with pytest.raises(BadTable, match=r"damaged|cannot be read as a table|holds the images"):
        import_dataset(path, datasets, "t")


def test_lines_of_another_length_are_refused(images, datasets):
    with pytest.raises(BadTable, match="cannot be read as a table"):
        import_dataset(csv(images, "path,label", "img/0.png,a", "img/1.png"), datasets, "t")


def test_a_table_of_nothing_that_decodes_is_empty(images, datasets):
    with pytest.raises(EmptyDataset, match="is not there"):
        import_dataset(csv(images, "path,label", "x.png,a"), datasets, "t")
