"""What a cast leaves of an update: by hand, by numpy, and the known limits."""

import math

import numpy as np
import pytest
import torch

from alpharl_bench.checkpoints import module_names, open_weights
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.rounding import (
    FORMATS,
    Rounding,
    lora_factors,
    merged_rounding,
    roundings,
)
from tests.models import trained_pair


def low_rank(rows=40, columns=30, rank=2, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    left, right = (
        torch.linalg.qr(torch.randn(size, rank, generator=generator))[0] for size in (rows, columns)
    )
    return LowRank(left, scale * torch.arange(rank, 0, -1).float(), right)


def test_by_hand():
    # Of (3, 4) only the 4 is stored: ⟨Δ, Δ'⟩ / ‖Δ‖² = 16/25, ‖Δ' − Δ‖ / ‖Δ‖ = 3/5.
    rounding = Rounding.of(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 4.0]]))
    assert rounding.kept == pytest.approx(16 / 25)
    assert rounding.error == pytest.approx(3 / 5)
    assert rounding.changed_share == 1 / 2


def test_modules_add_up_as_one_large_one():
    exact, stored = torch.randn(2, 20, 10), torch.randn(2, 20, 10)
    parts = [Rounding.of(*pair) for pair in zip(exact, stored, strict=True)]
    whole = Rounding.of(exact.reshape(40, 10), stored.reshape(40, 10))
    total = parts[0] + parts[1]
    for name in ("kept", "error", "changed_share"):
        assert getattr(total, name) == pytest.approx(getattr(whole, name))


def test_an_update_of_zero_has_no_shares():
    rounding = Rounding.of(torch.zeros(2, 2), torch.zeros(2, 2))
    assert math.isnan(rounding.kept)
    assert math.isnan(rounding.error)
    assert rounding.changed_share == 0


@pytest.mark.parametrize("relative", [1e-1, 1e-2, 1e-3, 1e-4])
def test_bfloat16_swallows_small_updates_and_the_other_formats_do_not(relative):
    weight = torch.randn(200, 300, generator=torch.Generator().manual_seed(1)).bfloat16()
    scale = relative * float(weight.float().norm()) / math.sqrt(5)  # ‖(2, 1)‖ = √5
    factors = low_rank(200, 300, scale=scale)
    found = roundings(weight, factors, torch.bfloat16, torch.float32)
    assert tuple(found) == FORMATS
    # numpy, in float64: what is left of the update in each format.
    delta = factors.dense().double().numpy()
    before = weight.double().numpy()
    after = (weight.float() + factors.dense()).bfloat16().double().numpy() - before
    assert found["merged"].kept == pytest.approx((delta * after).sum() / (delta**2).sum(), rel=1e-4)
    error = np.linalg.norm(after - delta) / np.linalg.norm(delta)
    assert found["merged"].error == pytest.approx(error, rel=1e-4)
    assert found["merged"].changed_share == pytest.approx((after != 0).mean())
    assert found["peft"].error < 1e-6
    assert found["in place"].error < 1e-6 / relative
    if relative == 1e-4:
        assert found["merged"].kept < 0.3
    if relative == 1e-1:
        assert found["merged"].kept == pytest.approx(1, abs=0.01)


def test_factors_in_bfloat16_lose_the_same_whatever_the_size_of_the_update():
    weight = torch.randn(200, 300)
    errors = [
        roundings(weight, low_rank(200, 300, scale=s), torch.float32, torch.bfloat16)["peft"].error
        for s in (1.0, 1e-4)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.2)
    assert 1e-4 < errors[0] < 1e-2  # two factors with eight bits each


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_lora_factors_multiply_to_the_update(sign):
    factors = low_rank(scale=sign * 3)
    a, b = lora_factors(factors)
    assert (a.shape, b.shape) == ((2, 30), (40, 2))
    torch.testing.assert_close(b @ a, factors.dense())
    # √σ on either side: neither factor is much larger than the other.
    torch.testing.assert_close(a.norm(), b.norm())


def test_of_a_whole_update_the_modules_add_up(tmp_path):
    base, _ = trained_pair(tmp_path, "qwen3", dtype=torch.bfloat16)
    weights = open_weights(base)
    names = module_names(weights)[:3]
    update = {name: low_rank(*weights.shape(name), scale=1e-2) for name in names}
    total = Rounding()
    for name in names:
        before = weights.tensor(name)
        total += roundings(before, update[name], torch.bfloat16, torch.float32)["merged"]
    found = merged_rounding(update, weights, torch.bfloat16)
    assert found == total
    assert merged_rounding(update, weights, torch.float32).error < 1e-4
