"""Published rows, and mCE made from published cells as those who published it say."""

from pathlib import Path

import pytest

from analysis.errors import BadTable
from analysis.robustness import CORRUPTIONS, published
from models.errors import UnknownName

TABLE = ",fog,fog,snow,snow\n,1,2,1,2\nnet,0.9,0.7,0.5,\nother,0.8,0.6,0.5,0.3\n"


@pytest.fixture(scope="module")
def imagenet(shared: Path) -> dict[str, published.Published]:
    text = (shared / "robustbench_corruptions_imagenet.csv").read_text("utf-8")
    return {r.key: r for r in published.read_csv(text, "ImageNet-C")}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        *(("AlexNet", 100.0), ("Standard_R50", 76.38), ("Tian2022Deeper_DeiT-B", 41.70), ("Geirhos2018_SIN_IN", 68.67)),
        *(("Hendrycks2020AugMix", 64.17), ("Hendrycks2020Many", 60.04), ("Erichson2022NoisyMix", 60.46)),
        *(("Erichson2022NoisyMix_new", 59.43), ("Tian2022Deeper_DeiT-S", 47.61)),
    ],
)
def test_mce_from_published_cells_is_the_published_mce(imagenet, key: str, said: float):
    assert imagenet[key].mce(imagenet["AlexNet"]) == pytest.approx(said, abs=0.00501)


def test_the_other_list_of_alexnet_gives_other_digits(imagenet):
    other = published.row(published.ALEXNET_OF_AUGMIX)
    assert imagenet["Standard_R50"].mce(other) == pytest.approx(76.367, abs=1e-3)
    assert imagenet["Standard_R50"].mce(published.row(published.ALEXNET)) == pytest.approx(76.377, abs=1e-3)


def test_rows_that_came_along_are_those_of_the_tables(imagenet, shared: Path):
    text = (shared / "robustbench_corruptions_cifar10.csv").read_text("utf-8")
    read = imagenet | {r.key: r for r in published.read_csv(text)}
    compared = [r for r in published.rows() if r.key in read and r.benchmark == "ImageNet-C"]
    compared += published.rows("CIFAR-10-C")
    assert len(compared) == 16
    for r in compared:
        assert r.errors == pytest.approx(read[r.key].errors, abs=1e-6)


def test_means_are_those_of_the_papers():
    means = {r.name: round(100 * (1 - r.mean_error), 2) for r in published.rows("CIFAR-10-C")}
    assert means["Standard"] == 73.46
    assert (means["CARD LRR 95 %"], means["CARD binary 95 %"]) == (90.94, 88.32)
    assert (means["CARD deck LRR"], means["CARD deck binary"]) == (92.79, 90.16)  # .01 above what the paper says
    assert published.row("Standard").errors["gaussian_noise"] == pytest.approx(0.5297, abs=1e-4)


def test_every_row_says_where_it_is_from():
    for r in published.rows():
        assert r.source
        assert r.year
        assert r.what
        assert len(r.errors) == 15
        assert 0 < r.mean_error < 1


def test_corruptions_have_the_names_of_the_registry():
    known = {c.name for c in CORRUPTIONS if c.benchmark}
    assert set(published.row(published.ALEXNET).errors) == known


def test_a_user_table_is_read_with_what_it_lacks():
    net, other = published.read_csv(TABLE, source="mine.csv")
    assert net.errors == pytest.approx({"fog": 0.2})
    assert net.error("snow", 1) == pytest.approx(0.5)
    assert net.error("snow", 2) is None
    assert other.errors == pytest.approx({"fog": 0.3, "snow": 0.6})
    assert net.mce(other) == pytest.approx(100 * 0.2 / 0.3)
    assert other.source == "mine.csv"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 lines"),
        ("a,b\n1,2\n", "2 lines"),
        (TABLE.replace(",1,2,1,2", ",1,9,1,2"), "Column 3"),
        (TABLE.replace(",fog,fog", ",fog,fog,fog"), "Every column needs"),
        (TABLE.replace(",1,2,1,2", ",1,1,1,2"), "once"),
        (TABLE.replace("0.9,", "90,"), "'90'"),
        (TABLE.replace("0.9,", "good,"), "'good'"),
        (TABLE.replace("0.9,", "nan,"), "'nan'"),
        (TABLE.replace("net,0.9,", "net,"), "3 numbers"),
    ],
)
def test_bad_tables_are_refused_with_the_place(text: str, said: str):
    with pytest.raises(BadTable, match=said):
        published.read_csv(text)


def test_unknown_rows_are_refused():
    with pytest.raises(UnknownName, match="Known are: AlexNet"):
        published.row("nobody")


def test_which_results_belong_to_a_sweep():
    cifar = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    shapes = [f"shape {i}" for i in range(10)]
    assert published.benchmark_of("cifar", cifar) == "CIFAR-10-C"
    assert published.benchmark_of("imagenet", shapes * 100) == "ImageNet-C"
    assert published.benchmark_of("cifar", shapes) is None  # ten classes of something else
    assert published.benchmark_of("imagenet", cifar) is None
