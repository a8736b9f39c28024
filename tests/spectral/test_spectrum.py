"""How much of an update's norm is in a few subspaces."""

import math

import numpy as np
import pytest
import scipy
import torch

from alpharl_bench.spectral import (
    PROFILE,
    decompose,
    effective_rank,
    module_spectrum,
    noise_fraction,
    singular_values,
)
from alpharl_bench.spectral.spectrum import percent_rank


def all_triplets(delta: torch.Tensor):
    return decompose(delta, min(delta.shape))


def test_by_hand() -> None:
    # The norm of diag(3, 4) is 5; its first subspace holds 4/5 of it.
    spectrum = module_spectrum("up", all_triplets(torch.diag(torch.tensor([3.0, 4.0]))))
    assert spectrum.module == "up"
    assert spectrum.norm == pytest.approx(5)
    assert spectrum.rank1_fraction == pytest.approx(4 / 5)
    assert spectrum.rank1_percent_fraction == pytest.approx(4 / 5)  # 1 % of 2 is at least 1


def test_one_percent_of_a_large_module_is_several_subspaces() -> None:
    # 1 % of min(160, 170) is 1.6, so 2: the singular values 160 and 159 of 160, 159, …, 1.
    delta = torch.zeros(170, 160)
    delta[:160] = torch.diag(torch.arange(160, 0, -1).float())
    spectrum = module_spectrum("up", all_triplets(delta))
    # Σ i² for i = 1 … 160 is 160 · 161 · 321 / 6.
    total = math.sqrt(160 * 161 * 321 / 6)
    assert spectrum.norm == pytest.approx(total)
    assert spectrum.rank1_fraction == pytest.approx(160 / total)
    assert spectrum.rank1_percent_fraction == pytest.approx(math.sqrt(160**2 + 159**2) / total)


def test_a_zero_update_has_no_fractions() -> None:
    spectrum = module_spectrum("up", all_triplets(torch.zeros(6, 4)))
    assert spectrum.norm == 0
    assert math.isnan(spectrum.rank1_fraction)
    assert math.isnan(spectrum.rank1_percent_fraction)
    assert 0 < spectrum.noise_rank1_fraction < 1


@pytest.mark.parametrize(
    ("shape", "percent", "rank"),
    [
        ((128, 384), 1, 1),
        ((128, 384), 10, 13),  # 12.8
        ((128, 384), 90, 115),  # 115.2
        ((384, 128), 90, 115),
        ((5, 5), 1, 1),  # 0.05, at least 1
        ((4096, 12288), 1, 41),  # 40.96
        ((7, 9), 100, 7),
    ],
)
def test_the_rank_of_a_percentage(shape: tuple[int, int], percent: float, rank: int) -> None:
    assert percent_rank(shape, percent) == rank


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1)])
def test_all_of_a_noise_row_is_in_its_one_subspace(shape: tuple[int, int]) -> None:
    assert noise_fraction(shape, 1) == pytest.approx(1)


@pytest.mark.parametrize(("shape", "rank"), [((30, 30), 1), ((12, 60), 1), ((40, 40), 5)])
def test_the_noise_null_against_many_more_draws(shape: tuple[int, int], rank: int) -> None:
    rng = np.random.default_rng(99)
    fractions = []
    for _ in range(100):
        sigma = np.linalg.svd(rng.standard_normal(shape), compute_uv=False)
        fractions.append(math.sqrt((sigma[:rank] ** 2).sum() / (sigma**2).sum()))
    # The null is a mean of eight draws, and these are spread as it is.
    assert noise_fraction(shape, rank) == pytest.approx(
        np.mean(fractions), abs=5 * np.std(fractions) / math.sqrt(8)
    )


def test_noise_is_less_concentrated_the_larger_the_matrix() -> None:
    fractions = [noise_fraction((n, n), 1) for n in (2, 8, 32, 64)]
    assert fractions == sorted(fractions, reverse=True)


def test_the_effective_rank_by_hand() -> None:
    # Shares 1/2, 1/4 and 1/4 have the entropy 1.5 log 2.
    assert effective_rank(torch.tensor([2.0, 1.0, 1.0])) == pytest.approx(2**1.5)
    assert effective_rank(torch.ones(7)) == pytest.approx(7)
    assert effective_rank(torch.tensor([5.0, 0.0, 0.0])) == pytest.approx(1)
    assert math.isnan(effective_rank(torch.zeros(3)))


def test_the_stable_rank_by_hand() -> None:
    # diag(3, 4): 25/16.
    spectrum = module_spectrum("up", all_triplets(torch.diag(torch.tensor([3.0, 4.0]))))
    assert spectrum.stable_rank == pytest.approx(25 / 16)


@pytest.mark.parametrize("shape", [(40, 40), (130, 128), (20, 60)])
def test_a_whole_spectrum_against_scipy(shape: tuple[int, int]) -> None:
    delta = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    sigma = scipy.linalg.svdvals(delta.astype(float))
    entropy = scipy.stats.entropy(sigma)  # of the values over their sum
    tensor = torch.from_numpy(delta)
    spectrum = module_spectrum("up", all_triplets(tensor), singular_values(tensor))
    assert spectrum.effective_rank == pytest.approx(math.exp(entropy), rel=1e-5)
    assert spectrum.stable_rank == pytest.approx(np.square(sigma).sum() / sigma[0] ** 2, rel=1e-5)
    order = min(shape)
    expected = [sigma[max(1, round(order * p / 100)) - 1] / sigma[0] for p in PROFILE]
    np.testing.assert_allclose(spectrum.profile, expected, rtol=1e-4, atol=1e-5)
    assert (spectrum.profile[0], PROFILE[-1]) == (1, 100)


def test_without_all_singular_values_there_is_no_effective_rank() -> None:
    spectrum = module_spectrum("up", decompose(torch.randn(300, 300), 3))
    assert spectrum.effective_rank is None
    assert spectrum.profile is None


def test_the_null_of_the_effective_rank_is_that_of_the_quarter_circle() -> None:
    # Singular values of a large square Gaussian matrix have the density √(4 − s²)/π on [0, 2]; with
    # the mean μ, the effective rank over the order is exp(−E[s/μ log(s/μ)]).
    def mean_of(function):
        return scipy.integrate.quad(lambda s: function(s) * math.sqrt(4 - s**2) / math.pi, 0, 2)[0]

    mu = mean_of(lambda s: s)
    limit = math.exp(-mean_of(lambda s: s / mu * math.log(s / mu) if s else 0))
    noise = torch.randn(400, 400, generator=torch.Generator().manual_seed(5))
    null = module_spectrum("up", all_triplets(noise), singular_values(noise))
    assert null.noise_effective_rank / 400 == pytest.approx(limit, rel=0.01)
    assert null.effective_rank == pytest.approx(null.noise_effective_rank, rel=0.02)
    # Half of the values lie below the median, whose part of the largest one, 2, is 0.4040.
    area = scipy.integrate.quad(lambda s: math.sqrt(4 - s**2) / math.pi, 0, 2 * 0.4040)[0]
    assert area == pytest.approx(0.5, abs=1e-4)
    assert null.noise_profile[PROFILE.index(50)] == pytest.approx(0.4040, rel=0.03)
    assert null.noise_profile[0] == 1
