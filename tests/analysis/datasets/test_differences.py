from dataclasses import replace

from analysis.datasets.differences import differences
from analysis.records import DatasetRecord
from models.cards import Card
from models.preprocessing import CIFAR, IMAGENET, Preprocessing

JPEG = {"JPEG, quality 75, 4:2:0": 90, "PNG": 10}
RECORD = DatasetRecord("id", "pets", "zip", "pets.zip", ("a",), 100, 100, {"PNG": 100}, {"32 x 32": 100})
CARD = Card("m", "resnet20", ("a",), CIFAR, data="CIFAR-10 train, lossless")


def test_nothing_to_say_where_nothing_differs():
    assert differences(RECORD, CARD, CIFAR, 3) == ()
    assert differences(replace(RECORD, formats={"array": 100}), None, CIFAR, 3) == ()


def test_jpeg_against_lossless():
    (said,) = differences(replace(RECORD, formats=JPEG), CARD, CIFAR)
    assert "90% of the images of 'pets' are JPEG (mostly of quality 75)" in said
    assert "trained on: CIFAR-10 train, lossless" in said
    (said,) = differences(replace(RECORD, formats=JPEG), None, CIFAR)
    assert "the card does not say" in said


def test_jpeg_of_high_quality_and_weights_that_saw_jpeg():
    assert differences(replace(RECORD, formats={"JPEG, quality 95, 4:4:4": 100}), CARD, CIFAR) == ()
    assert differences(replace(RECORD, formats=JPEG), replace(CARD, data="CIFAR-10 as JPEG"), CIFAR) == ()


def test_lossless_against_jpeg():
    (said,) = differences(RECORD, replace(CARD, data="CIFAR-10 train, JPEG quality 75"), CIFAR)
    assert "without JPEG compression" in said


def test_images_that_are_turned():
    remarks = ("Colours turned from 'Adobe RGB (1998)' to sRGB: 1,004 images.", "Turned upright by its EXIF: 1 image.")
    (said,) = differences(replace(RECORD, remarks=remarks, size=9000), CARD, CIFAR)
    assert "Up to 1,005 of 9,000 images" in said


def test_sizes():
    (said,) = differences(RECORD, None, IMAGENET)
    assert said == "Most images are 32 x 32 pixels and are enlarged to 256 x 256 for this classifier."
    (said,) = differences(replace(RECORD, image_sizes={"500 x 375": 100}), None, CIFAR)
    assert said == "Most images are 500 x 375 pixels and are shrunk to 42 x 32 for this classifier."
    assert differences(replace(RECORD, image_sizes={"500 x 375": 100}), None, IMAGENET) == ()


def test_colours():
    grey = Preprocessing(size=(32, 32), resize=32, mean=(0.0,), std=(1.0,))
    assert "converted" in differences(RECORD, None, grey, 3)[0]
    assert "each channel gets the same" in differences(RECORD, None, CIFAR, 1)[0]
