"""Claims of the nano lane, look by look."""

import numpy as np
import pytest

from alpharl_bench.variants import FULL, full_at, percent, rank, subspace
from benchmarks.coverage.growing import Lane, Session, simulate
from benchmarks.coverage.ways import WAYS


@pytest.fixture(scope="module")
def lane() -> Lane:
    return Lane("qwen3-carry-grpo")


def test_the_claims_of_the_lane(lane: Lane) -> None:
    assert {claim.id for claim in lane.claims} >= {"P1.1", "P1.3", "P1.4-best", "P1.5-peak"}


def test_variants_with_the_same_weights_are_asked_once(lane: Lane) -> None:
    same = [rank(1), subspace(1), percent(1), rank(1, step=lane.steps[-1])]
    assert {lane.kept_as[variant] for variant in same} == {rank(1)}
    assert lane.kept_as[full_at(lane.steps[-1])] == FULL
    assert len(lane.answers.variants) == len(lane.kept_as) - 4


def test_a_variant_takes_as_many_looks_as_the_last_of_its_claims(lane: Lane) -> None:
    one = {claim.id: 1 for claim in lane.claims}
    variants = len(lane.kept_as)
    assert lane.asked(one, once=False) == variants
    assert lane.asked(one, once=True) == variants - 4
    # P1.3 reads the base, the trained model, three controls, 20 checkpoints and Rank-1 of each.
    late = one | {"P1.3": 3}
    assert lane.asked(late, once=False) == variants + 2 * (5 + 40)


def test_an_open_claim_takes_all_looks() -> None:
    session = Session({"one": 2, "two": None}, (4, 8, 12))
    assert session.looks == {"one": 2, "two": 3}
    assert session.share == 0.5


def test_sessions_of_all_ways_see_the_same_answers(lane: Lane) -> None:
    found = simulate(lane, (4, 8), repetitions=2)
    assert {way: len(sessions) for way, sessions in found.items()} == dict.fromkeys(WAYS, 2)
    for corrected, spent in zip(found["Bonferroni"], found["Pocock's type"], strict=True):
        # At the first look Pocock's type has at least half of the error, as Bonferroni has.
        early = [claim for claim, look in corrected.settled.items() if look == 1]
        assert all(spent.settled[claim] == 1 for claim in early)
        assert np.mean(list(spent.looks.values())) <= np.mean(list(corrected.looks.values()))
