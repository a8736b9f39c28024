"""A small model takes one thread, and gives the others back; a large one keeps what there is."""

import pytest
import torch

from alpharl_bench.spectral.threads import SMALL_MODEL, threads_of_model


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("parameters", "threads"), [(SMALL_MODEL, 1), (SMALL_MODEL + 1, 2)])
def test_threads_follow_the_size_of_the_model(parameters, threads):
    with threads_of_model(parameters):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == 2


def test_they_are_given_back_after_an_error():
    with pytest.raises(ZeroDivisionError), threads_of_model(1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2
