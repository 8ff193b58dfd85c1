"""Codes and tables: nothing is lost, and the file is as small as it should be."""

import numpy as np
import pytest
import torch

from models import codebooks


def of_few_values(bits: int, groups: list[int], columns: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(bits)
    tables = torch.randn(max(groups) + 1, 2**bits, generator=generator)
    tables[:, 0] = 0.0
    places = torch.randint(0, 2**bits, (len(groups), columns), generator=generator)
    return tables[torch.tensor(groups)].gather(1, places)


@pytest.mark.parametrize("bits", range(2, 9))
def test_there_and_back_to_the_last_bit(bits):
    groups = [0, 1, 1, 0, 2, 2, 0]
    weight = of_few_values(bits, groups, 27 * 5).reshape(7, 27, 5)
    weight[0, 0, 0] = -0.0 if bits == 8 else weight[0, 0, 0]
    books = {"a.weight": {"bits": bits, "groups": groups}}
    file = codebooks.packed(books, {"a.weight": weight, "a.bias": torch.ones(7)})
    assert sorted(file) == ["a.bias", "a.weight.codebook", "a.weight.codes"]
    assert file["a.weight.codes"].numel() == -(-weight.numel() * bits // 8)
    back = codebooks.unpacked(books, file, {"a.weight": weight.shape})
    assert sorted(back) == ["a.bias", "a.weight"]
    same = back["a.weight"].numpy().view(np.int32) == weight.numpy().view(np.int32)
    assert same.all()


def test_weights_that_were_trained_on_stay_as_they_are():
    books = {"w": {"bits": 2, "groups": [0, 0]}}
    state = {"w": torch.randn(2, 40)}
    file = codebooks.packed(books, state)
    assert file.keys() == {"w"}
    assert torch.equal(codebooks.unpacked(books, file, {})["w"], state["w"])


def test_a_file_that_does_not_hold_the_codes_is_refused():
    books = {"w": {"bits": 2, "groups": [0, 0]}}
    file = codebooks.packed(books, {"w": of_few_values(2, [0, 0], 8)})
    with pytest.raises(ValueError, match="do not hold"):
        codebooks.unpacked(books, file, {"w": torch.Size((2, 90))})
    with pytest.raises(ValueError, match="groups do not fit"):
        codebooks.unpacked({"w": {"bits": 2, "groups": [0, 7]}}, file, {"w": torch.Size((2, 8))})
