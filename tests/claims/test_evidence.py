"""Evidence: the means over all units and over resamples of them."""

from dataclasses import replace

import numpy as np
import pytest

from alpharl_bench.claims import Evidence
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.tables import EVALUATION
from alpharl_bench.tables.spectrum import SPECTRUM as SPECTRUM_TABLE
from alpharl_bench.variants import BASE, FULL, random_control, rank
from tests.evidence import altered, planted
from tests.scores import score_of

RECOVERY, SPECTRUM = CLAIMS["P1.1"], CLAIMS["P1.6"]
VARIANTS = (BASE, FULL, rank(1), *map(random_control, range(3)))


def evidence(**changed: dict[str, dict[str, str]]) -> Evidence:
    """Two tasks of one and three questions; every variant alike but for ``changed``."""
    plain = {"chain": {"q0": "1111"}, "modulo": {"q1": "0000", "q2": "1100", "q3": "1000"}}
    return planted(
        run="mine",
        steps=(5,),
        scores={v.label: score_of(v.label, changed.get(v.kind, plain)) for v in VARIANTS},
        spectrum=[
            ModuleSpectrum("up", 3.0, 0.5, 0.6, 0.2, 0.3),
            ModuleSpectrum("down", 1.0, 0.9, 1.0, 0.4, 0.5),
        ],
    )


def test_observed_accuracies_by_hand() -> None:
    full = {"chain": {"q0": "1111"}, "modulo": {"q1": "1111", "q2": "1110", "q3": "1111"}}
    means = evidence(full=full).observed(RECOVERY)
    # The mean of chain (1) and modulo: (0 + 1/2 + 1/4)/3 = 1/4, and (1 + 3/4 + 1)/3 = 11/12.
    np.testing.assert_allclose(means[BASE], [0.625])
    np.testing.assert_allclose(means[FULL], [23 / 24])
    assert set(means) == {*VARIANTS, EVALUATION}


def test_resamples_draw_whole_questions_within_their_task() -> None:
    means = evidence().resampled(RECOVERY)[BASE]
    # Always the one question of chain (1), and two draws of 0, 1/2 and 1/4, whose mean is a
    # multiple of 1/8 up to 1/2; half of each.
    possible = (1 + np.arange(5) / 8) / 2
    assert np.isclose(means[:, None], possible).any(axis=1).all()
    assert {round(16 * m - 8) for m in means} == set(range(5))
    # The mean over resamples is the observed one, within four standard errors.
    assert abs(means.mean() - 0.625) < 4 * means.std() / len(means) ** 0.5


def test_resamples_are_paired_between_variants() -> None:
    better = {"chain": {"q0": "1111"}, "modulo": {"q1": "1000", "q2": "1110", "q3": "1100"}}
    means = evidence(full=better).resampled(RECOVERY)
    # Every question of modulo is better by one sample in four, and modulo is half of the mean.
    np.testing.assert_allclose(means[FULL] - means[BASE], 1 / 4 / 2)
    np.testing.assert_array_equal(means[rank(1)], means[BASE])


def test_samples_resampled_within_their_questions() -> None:
    full = {"chain": {"q0": "1111"}, "modulo": {"q1": "1010", "q2": "0110", "q3": "1110"}}
    means = evidence(full=full).within(VARIANTS, resamples=20_000)
    # A mean of k samples has variance p(1 - p)/(k - 1), and a question of modulo counts 1/6. The
    # sum of p(1 - p) is 1/4 + 3/16 for the base, 1/4 + 1/4 + 3/16 for the trained model.
    assert means[BASE].var() == pytest.approx(7 / 16 / 3 / 36, rel=0.05)
    assert means[FULL].var() == pytest.approx(11 / 16 / 3 / 36, rel=0.05)
    assert means[BASE].mean() == pytest.approx(0.625, abs=0.003)
    # Variants that answer alike do so in every resample.
    np.testing.assert_allclose(means[rank(1)], means[BASE])


def test_as_many_right_answers_tie_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    counts = [rng.permutation([0, 1, 2, 3, 4] * 10) for _ in range(3)]
    scores = {
        variant.label: score_of(
            variant.label,
            {"chain": {f"q{i}": "1" * c + "0" * (4 - c) for i, c in enumerate(counts[order])}},
        )
        for order, variant in zip((0, 1, 2, 2, 2, 2), VARIANTS, strict=True)
    }
    means = planted("mine", (5,), scores).resampled(RECOVERY)
    steps = (means[FULL] - means[BASE]) * 4 * 49
    tied = np.isclose(steps, 0)
    assert 0.01 < tied.mean() < 0.2
    assert (means[FULL] == means[BASE])[tied].all()


def test_a_spectrum_is_averaged_over_modules() -> None:
    observed = evidence().observed(SPECTRUM)
    assert {column: float(mean[0]) for column, mean in observed.items()} == pytest.approx(
        {
            "norm": 2.0,
            "rank1_fraction": 0.7,
            "rank1_percent_fraction": 0.8,
            "noise_rank1_fraction": 0.3,
            "noise_rank1_percent_fraction": 0.4,
        }
    )
    # Of two modules a resample draws one.
    resampled = evidence().resampled(SPECTRUM)["rank1_fraction"]
    assert set(np.round(resampled, 9)) == {0.5, 0.9}


def test_the_number_of_units_and_samples() -> None:
    assert evidence().strata(RECOVERY) == ["chain", "modulo", "modulo", "modulo"]
    assert evidence().size(RECOVERY) == 4
    assert evidence().size(SPECTRUM) == 2
    assert evidence().samples == 4


def test_a_variant_that_was_not_scored() -> None:
    with pytest.raises(AlphaRLBenchError, match=r"'mine': no stored score of 'rank-8'"):
        evidence().score(rank(8))


@pytest.mark.parametrize(
    "other",
    [
        {"chain": {"q0": "1111"}, "modulo": {"q1": "0000", "q2": "1100", "q9": "1000"}},
        {"chain": {"q0": "1111"}, "modulo": {"q1": "0000", "q2": "1100"}},
        {"chain": {"q0": "1111"}, "sorting": {"q1": "0000", "q2": "1100", "q3": "1000"}},
    ],
    ids=["another question", "one less", "another task"],
)
def test_scores_on_other_questions_are_not_compared(other: dict[str, dict[str, str]]) -> None:
    with pytest.raises(AlphaRLBenchError, match="'rank-1' was scored on other questions"):
        evidence(rank=other).observed(RECOVERY)


def test_effective_ranks_are_averaged_where_they_were_asked_for() -> None:
    assert "effective_rank" not in evidence().observed(SPECTRUM)
    modules = [
        replace(module, effective_rank=rank, noise_effective_rank=40.0)
        for module, rank in zip(evidence()[SPECTRUM_TABLE], (10.0, 30.0), strict=True)
    ]
    observed = altered(evidence(), spectrum=modules).observed(CLAIMS["P1.8"])
    assert observed["effective_rank"] == pytest.approx([20])
    assert observed["noise_effective_rank"] == pytest.approx([40])
