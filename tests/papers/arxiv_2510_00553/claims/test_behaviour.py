"""The claims about chains and embeddings: statistics by hand, verdicts, nulls."""

from dataclasses import replace

import numpy as np
import pytest

from alpharl_bench.behaviour import AnswerAgreement, Continuation
from alpharl_bench.behaviour.measurements import chains_of
from alpharl_bench.claims import Claim, Outcome, judge
from alpharl_bench.papers.arxiv_2510_00553.claims import BEHAVIOUR, CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims import behaviour as b
from alpharl_bench.variants import BASE
from tests.behaviours import EMBEDDING, behaviour_of
from tests.evidence import altered

TASKS = {"addition": 10, "chain": 10}


def statistic(name: str, own: dict) -> float:
    columns = behaviour_of({"addition": 1}, own).questions[0].columns
    means = {column: np.array([value]) for column, value in columns.items()}
    (value,) = CLAIMS[name].statistic(means, ())
    return value


@pytest.mark.parametrize(
    ("name", "own", "expected"),
    [
        # 2/20 of the chains against 4/20 of the samples.
        ("B2", {(b.READ_AFTER, "non-greedy"): 2}, 0.5),
        # Per token 0.35 against 0.5 of samples: exp(−0.15).
        ("B3", {(b.READ_AFTER, "surprise"): 7}, 0.8607080),
        ("B4", {(b.READ_BY_RANK1, "non-greedy"): 1}, 0.25),
        # 1/2 of the beginnings, 5/20 of all.
        ("B5", {(b.READ_AFTER, "non-greedy"): 5}, 2.0),
        # From 0 without a prefix; 0.8 of the trained model.
        ("B6", {(b.AFTER, "right"): 0.8, (b.FROM_20, "right"): 0.6}, 0.75),
        ("B6-tenth", {(b.AFTER, "right"): 0.8, (b.FROM_RANK1, "right"): 0.6}, 0.75),
        ("B7", {(b.like(b.RANK1), "both"): 0.9}, 0.9),
        ("B7-alpharl", {(b.like(b.ALPHARL), "both"): 0.7}, 0.7),
    ],
)
def test_a_statistic_by_hand(name: str, own: dict, expected: float) -> None:
    assert statistic(name, own) == pytest.approx(expected)


def test_the_random_updates_are_taken_together() -> None:
    own = {(reading, "non-greedy"): n for reading, n in zip(b.READ_BY_RANDOM, (2, 4, 6))}  # noqa: B905
    columns = behaviour_of({"chain": 1}, own).questions[0].columns
    means = {column: np.array([value]) for column, value in columns.items()}
    assert b.left_by_random(means) == pytest.approx(1.0)


@pytest.mark.parametrize("claim", BEHAVIOUR, ids=lambda claim: claim.id)
def test_a_statistic_and_its_nulls_read_no_column_that_no_pass_gives(claim: Claim) -> None:
    passes = [*claim.measurements, *(c for one in claim.measurements for c in chains_of(one))]
    columns = [one[figure] for one in passes for figure in one.figures]
    if claim.table == "embedding":
        columns = list(EMBEDDING.tokens[0].columns)
    means = {c: np.array([0.3, 0.5]) * (1 + i) for i, c in enumerate(columns)}
    for of in (claim.statistic, *(null.statistic for null in claim.nulls)):
        value = of(means, ())
        assert value.shape == (2,)
        assert np.isfinite(value).all()


def test_a_claim_holds_only_where_its_null_fails(synthetic) -> None:
    few = {(b.READ_AFTER, "non-greedy"): 2, (b.READ_AFTER, "surprise"): 5}
    many = {(b.READ_ELSEWHERE, "non-greedy"): 15, (b.READ_ELSEWHERE, "surprise"): 60}
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})

    def outcomes(own: dict) -> list[Outcome]:
        found = altered(evidence, behaviour=behaviour_of(TASKS, own))
        return [judge(CLAIMS[name], found).outcome for name in ("B2", "B3")]

    assert outcomes(few | many) == [Outcome.SUPPORTED] * 2
    same = {(b.READ_ELSEWHERE, "non-greedy"): 2, (b.READ_ELSEWHERE, "surprise"): 5}
    assert outcomes(few | same) == [Outcome.NOT_INFORMATIVE] * 2
    # The line is that of the base's samples: it refutes nothing.
    worse = {(b.READ_AFTER, "non-greedy"): 8, (b.READ_AFTER, "surprise"): 30}
    assert outcomes(worse | many) == [Outcome.MEASURED] * 2


@pytest.mark.parametrize("length", [39, 40])
def test_20_tokens_are_the_beginning_of_long_chains_alone(synthetic, length: int) -> None:
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    found = behaviour_of(TASKS, {(b.RANK1, "tokens"): length, (b.AFTER, "right"): 1.0})
    verdict = judge(CLAIMS["B6"], altered(evidence, behaviour=found))
    assert ("have 39 tokens on average" in verdict.reason) == (length < 40)
    assert (verdict.value is None) == (length < 40)


def test_chains_like_the_base_s_decide_nothing(synthetic) -> None:
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    same = behaviour_of(TASKS, {(b.READ_AFTER, "non-greedy"): 0, (b.AFTER, "right"): 0})
    for name in ("B4", "B5", "B6-tenth"):
        verdict = judge(CLAIMS[name], altered(evidence, behaviour=same))
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert "says what the base says" in verdict.reason
    assert judge(CLAIMS["B2"], altered(evidence, behaviour=same)).value.estimate == 0


def test_tasks_count_alike_and_questions_are_resampled_in_them(synthetic) -> None:
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    verdict = judge(CLAIMS["B7"], evidence)
    assert (verdict.units, verdict.samples, verdict.claim.units) == (20, 0, "questions")
    one, two = (
        behaviour_of({"addition": 10}),
        behaviour_of({"chain": 30}, {(b.like(b.RANK1), "both"): 1.0}),
    )
    mixed = replace(one, questions=(*one.questions, *two.questions))
    value = judge(CLAIMS["B7"], altered(evidence, behaviour=mixed)).value
    assert value.estimate == pytest.approx(0.75)


def test_embeddings_that_move_as_far_as_at_random_are_not_set_apart(synthetic) -> None:
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    verdict = judge(CLAIMS["B1"], evidence)
    # Moved by 0.145 of the distance; a random update as large as elsewhere by 0.2 of it.
    assert verdict.value.estimate == pytest.approx(0.145)
    assert verdict.outcome is Outcome.MEASURED
    assert (verdict.units, verdict.claim.units) == (10, "tokens")
    near = tuple(replace(token, random=0.1) for token in EMBEDDING.tokens)
    moved = altered(evidence, embedding=replace(EMBEDDING, tokens=near))
    assert judge(CLAIMS["B1"], moved).outcome is Outcome.NOT_INFORMATIVE
    assert judge(CLAIMS["B1-imitation"], moved).outcome is Outcome.MEASURED


def test_a_run_with_too_few_checkpoints_has_no_alpharl_to_compare(synthetic) -> None:
    evidence = replace(synthetic.evidence({"base": 0.2, "full": 0.8}), steps=(5, 10))
    verdict = judge(CLAIMS["B7-alpharl"], evidence)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "AlphaRL needs" in verdict.reason


def test_the_base_alone_goes_on_and_only_the_trained_model_is_the_measure() -> None:
    passes = {one for claim in BEHAVIOUR for one in claim.measurements}
    assert {one.reader for one in passes if isinstance(one, Continuation)} == {BASE}
    assert {one.other for one in passes if isinstance(one, AnswerAgreement)} == {b.AFTER}
