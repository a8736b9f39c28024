"""What claims need: worked by hand from their curves."""

from alpharl_bench.behaviour import Chains
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.tables import Requirements, union
from alpharl_bench.variants import (
    BASE,
    FULL,
    MODULES,
    UNSCALED,
    WITH_THE_REST,
    forecast,
    full_at,
    percent,
    random_control,
    rank,
    subspace,
    window,
)

STEPS = tuple(range(10, 101, 10))


def test_rank_1_takes_base_and_last_checkpoint_alone():
    need = requirements_of(CLAIMS["P1.1"], STEPS)
    beside = [UNSCALED, WITH_THE_REST]
    variants = [BASE, FULL, MODULES, *map(random_control, range(3)), rank(1), *beside]
    assert need.scores == {(variant, "test"): 1 for variant in variants}
    assert need.opened == {None, 100}
    assert need.decomposed == {rank(1), *beside, *map(random_control, range(3))}
    assert need.loads


def test_a_claim_about_the_process_opens_every_checkpoint():
    assert requirements_of(CLAIMS["P1.3"], STEPS).opened == {None, *STEPS}


def test_spectra_ask_nothing():
    need = requirements_of(CLAIMS["P1.6"], STEPS)
    assert need == Requirements(opened=frozenset({None, 100}), decomposed=frozenset({percent(1)}))
    assert not need.loads
    assert requirements_of(CLAIMS["P1.8"], STEPS).whole


def test_linearity_scores_and_decomposes_the_trajectory():
    need = requirements_of(CLAIMS["P2.1"], STEPS, batches=4)
    # Looking again adds nothing to it; only whether the run learned is asked anew.
    assert need.scores == {
        (BASE, "test"): 4,
        (FULL, "test"): 4,
        **{(full_at(step), "test"): 1 for step in STEPS},
    }
    assert need.decomposed == {rank(1, step=step) for step in STEPS}


def test_a_forecast_opens_its_prefix_and_scores_its_candidates():
    need = requirements_of(CLAIMS["A1"], STEPS)
    on_validation = {variant for variant, split in need.scores if split == "validation"}
    # AlphaRL of 20, 30, 40 and 50 %: seven shares of the way each; accuracies of what was seen.
    candidates = {v for v in on_validation if v.candidate is not None}
    assert len(candidates) == 4 * 7
    assert on_validation - candidates == {full_at(step) for step in (10, 20, 30, 40, 50)}
    assert need.opened == {None, 10, 20, 30, 40, 50, 100}
    assert (forecast("alpharl", 40), "test") in need.scores


def test_windows_are_ranked_by_all_checkpoints():
    need = requirements_of(CLAIMS["P2.3"], STEPS)
    assert {v for v, split in need.scores if split == "validation"} == set(map(full_at, STEPS))
    assert sum(variant.kind == "window" for variant, _ in need.scores) == 25
    assert window(1) in need.decomposed


def test_chains_that_passes_share_are_written_once():
    # B2 reads three kinds of chains, and Table 2 compares those of base and Rank-1 with the last.
    read, alike = requirements_of(CLAIMS["B2"], STEPS), requirements_of(CLAIMS["B7"], STEPS)
    assert read.generated == {Chains(BASE), Chains(FULL), Chains(BASE, "sampled")}
    assert alike.generated == {Chains(BASE), Chains(FULL), Chains(rank(1))}
    assert len(union([read, alike]).generated) == 4


def test_what_claims_share_is_counted_once_with_the_most_batches():
    first = Requirements(scores={(BASE, "test"): 1, (FULL, "test"): 3}, opened=frozenset({None}))
    second = Requirements(
        scores={(BASE, "test"): 2, (subspace(2), "test"): 1}, opened=frozenset({None, 7})
    )
    whole = union([first, second])
    assert whole.scores == {(BASE, "test"): 2, (FULL, "test"): 3, (subspace(2), "test"): 1}
    assert whole.opened == {None, 7}
    assert union([]) == Requirements()
