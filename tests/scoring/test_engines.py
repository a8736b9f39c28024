"""What follows from engine, dtype and device alone."""

import pytest
import torch

from alpharl_bench.scoring.engines import DTYPES, adapter_rank, dtype_of


@pytest.mark.parametrize(
    ("engine", "gpu", "dtype"),
    [
        ("vllm", True, "bfloat16"),
        ("vllm", False, "float32"),
        ("hf", True, "float32"),  # it adds updates to the weights
        ("hf", False, "float32"),
    ],
)
def test_auto_is_16_bits_where_updates_are_not_rounded_with_weights(
    monkeypatch, engine, gpu, dtype
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert dtype_of("auto", engine) == dtype
    assert [dtype_of(asked, engine) for asked in DTYPES] == list(DTYPES)


def test_no_update_is_merged_in_16_bits_that_an_adapter_can_carry():
    assert adapter_rank("float32") < adapter_rank("bfloat16") == adapter_rank("float16") == 512
