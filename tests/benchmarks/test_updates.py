"""How alike two updates are, by hand."""

import math

import pytest
import torch

from benchmarks.updates import cosine, inner, rank1

ONE = {"a": torch.tensor([[3.0, 0.0], [0.0, 4.0]]), "b": torch.tensor([[0.0, 1.0]])}


def test_the_cosine_is_over_all_modules() -> None:
    other = {"a": torch.tensor([[3.0, 0.0], [0.0, 0.0]]), "b": torch.tensor([[0.0, 0.0]])}
    assert inner(ONE, ONE) == 26
    assert cosine(ONE, other) == pytest.approx(9 / (3 * math.sqrt(26)))
    assert cosine(ONE, {name: -2 * of for name, of in ONE.items()}) == pytest.approx(-1)


def test_rank_1_has_the_norm_of_its_module() -> None:
    found = rank1(ONE)
    torch.testing.assert_close(found["a"], torch.tensor([[0.0, 0.0], [0.0, 5.0]]))
    torch.testing.assert_close(found["b"], ONE["b"])
