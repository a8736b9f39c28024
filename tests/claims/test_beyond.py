"""Verdicts on what a run learned beyond its baselines: on scores that are planted."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from alpharl_bench.baselines import METHODS
from alpharl_bench.claims import Claim, Evidence, Null, Origin, Outcome, Point, Threshold, judge
from alpharl_bench.claims.claim import Curve
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.tables import EVALUATION
from alpharl_bench.variants import BASE, FULL, Variant, decoded, full_at, random_control, rank
from tests.evidence import altered, chosen, planted
from tests.scores import score_of

QUESTIONS, SAMPLES = 400, 4
STEPS = (10, 20)
GREEDY, SWITCH = decoded("greedy"), decoded("bias vector")
#: P1.1 by a line of the paper that is wide enough for a few hundred questions, without controls.
RECOVERY = replace(
    CLAIMS["P1.1"],
    nulls=(),
    ceilings=(),
    practical=None,
    threshold=Threshold(low=0.9, origin=Origin.PRINTED),
)


def marks(right: float, unread: float = 0.0) -> dict[str, str]:
    """The first questions all right, the last unreadable: variants differ where their shares do."""
    first, last = round(right * QUESTIONS), round(unread * QUESTIONS)
    each = ["1"] * first + ["0"] * (QUESTIONS - first - last) + ["-"] * last
    return {f"q{i}": mark * SAMPLES for i, mark in enumerate(each)}


def evidence(
    shares: Mapping[Variant, float], claim: Claim = RECOVERY, bar: Variant = SWITCH
) -> Evidence:
    """The base is right in 0.3, its baselines too, all else in 0.95, but for ``shares``.

    The validation split chose ``bar``.
    """
    known = dict.fromkeys(claim.variants(STEPS), 0.95) | {BASE: 0.3, FULL: 0.95}
    known |= dict.fromkeys(map(decoded, METHODS), 0.3) | dict(shares)
    scores = {v.label: score_of(v.label, {"chain": marks(share)}) for v, share in known.items()}
    decodings = chosen(**{bar.method.replace(" ", "_"): 0.9})
    return planted("mine", STEPS, scores, decodings=decodings)


def test_a_claim_that_holds_of_a_switch_alone_says_nothing_of_learning() -> None:
    verdict = judge(RECOVERY, evidence({SWITCH: 0.95}))
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.beyond.outcome is Outcome.NOT_INFORMATIVE
    assert verdict.beyond.value is None
    assert verdict.beyond.reason.startswith("nothing that the run learned is told")
    assert "; beyond the baselines: not informative (nothing that the run" in str(verdict)


def test_a_claim_that_holds_beyond_the_baselines_too() -> None:
    verdict = judge(RECOVERY, evidence({SWITCH: 0.6}))
    assert verdict.outcome is verdict.beyond.outcome is Outcome.SUPPORTED
    assert verdict.beyond.value.estimate == pytest.approx(1)
    assert "; beyond the baselines: supported (1.000 [1.000, 1.000])" in str(verdict)


def test_a_claim_that_holds_only_with_what_the_baselines_do() -> None:
    # 0.92/0.95 of the accuracy, and 0.12/0.15 of what is above the baseline.
    verdict = judge(RECOVERY, evidence({SWITCH: 0.8, rank(1): 0.92}))
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.beyond.outcome is Outcome.REFUTED
    assert verdict.beyond.value.estimate == pytest.approx(0.8)


def test_the_bar_is_what_the_validation_split_chose() -> None:
    verdict = judge(RECOVERY, evidence({SWITCH: 0.8, GREEDY: 0.5, rank(1): 0.92}, bar=GREEDY))
    assert verdict.beyond.value.estimate == pytest.approx(0.42 / 0.45)


def test_a_run_that_is_not_told_from_another_baseline_learned_nothing_beyond() -> None:
    verdict = judge(RECOVERY, evidence({SWITCH: 0.6, GREEDY: 0.95}))
    assert verdict.beyond.outcome is Outcome.NOT_INFORMATIVE


def test_a_reference_that_is_not_beyond_yet_has_no_ratio() -> None:
    def points(steps: object) -> list[Point]:
        return [Point("early", rank(1, step=10), 10, full_at(10)), Point("late", rank(1), 20)]

    claim = replace(RECOVERY, curve=Curve("process", points, "step"))
    early = judge(claim, evidence({SWITCH: 0.6, full_at(10): 0.6}, claim))
    assert early.outcome is Outcome.SUPPORTED
    assert early.beyond.outcome is Outcome.INCONCLUSIVE
    assert early.beyond.reason == "'full @10' is not beyond the baselines yet"
    later = judge(claim, evidence({SWITCH: 0.6, full_at(10): 0.8}, claim))
    assert later.beyond.outcome is Outcome.SUPPORTED


def test_a_control_is_beyond_the_baselines_too() -> None:
    null = Null("random", lambda a, _: a[random_control(0)] / a[FULL])
    claim = replace(RECOVERY, nulls=(null,))
    verdict = judge(claim, evidence({SWITCH: 0.6, random_control(0): 0.6}))
    assert verdict.controls["random"].value.estimate == pytest.approx(0.6 / 0.95)
    assert verdict.beyond.controls["random"].value.estimate == pytest.approx(0)


def test_what_is_no_accuracy_is_judged_by_the_same_number() -> None:
    claim = CLAIMS["P1.6"]
    spectrum = [ModuleSpectrum("m", 1.0, 0.9, 1.0, 0.1, 1.0)] * 3
    told = altered(evidence({SWITCH: 0.6}), spectrum=spectrum)
    verdict = judge(claim, told)
    assert verdict.beyond is not None
    assert (verdict.beyond.outcome, verdict.beyond.value) == (verdict.outcome, verdict.value)
    assert verdict.value is not None
    same = judge(claim, altered(evidence({SWITCH: 0.95}), spectrum=spectrum))
    assert same.beyond.outcome is Outcome.NOT_INFORMATIVE


def test_without_baselines_or_without_learning_nothing_is_said() -> None:
    bare = altered(evidence({}), decodings=())
    assert judge(RECOVERY, bare).beyond is None
    assert "baselines" not in str(judge(RECOVERY, bare))
    verdict = judge(RECOVERY, evidence({FULL: 0.3}))
    assert verdict.reason.startswith("the run did not learn")
    assert verdict.beyond is None


def test_evidence_above_a_bar_is_less_by_its_readable_accuracy() -> None:
    given = evidence({SWITCH: 0.6})
    scores = {**given.scores, SWITCH.label: score_of(SWITCH.label, {"chain": marks(0.6, 0.25)})}
    given = altered(given, scores=scores)
    above = given.above(SWITCH)
    for plain, less in (
        (given.observed(RECOVERY), above.observed(RECOVERY)),
        (given.resampled(RECOVERY), above.resampled(RECOVERY)),
    ):
        assert plain.keys() == less.keys()
        np.testing.assert_array_equal(less[EVALUATION], plain[EVALUATION])
    assert above.observed(RECOVERY)[FULL] == pytest.approx(0.95 - 0.6 / 0.75)
    means, less = given.resampled(RECOVERY), above.resampled(RECOVERY)
    spread = (means[FULL] - less[FULL]).std()
    assert spread > 0
    np.testing.assert_allclose(means[FULL] - less[FULL], means[rank(1)] - less[rank(1)])
    # Accuracies themselves stay what they are.
    assert above.observed_accuracy(FULL) == given.observed_accuracy(FULL)


def test_samples_are_resampled_above_the_bar_too() -> None:
    rng = np.random.default_rng(0)
    given = evidence({})

    def by_chance(share: float) -> dict[str, str]:
        right = rng.random((QUESTIONS, SAMPLES)) < share
        return {f"q{i}": "".join("01"[int(x)] for x in row) for i, row in enumerate(right)}

    scores = {
        **given.scores,
        **{v.label: score_of(v.label, {"chain": by_chance(0.5)}) for v in (SWITCH, FULL)},
    }
    given = altered(given, scores=scores)
    alone = given.resampled_within(RECOVERY)[FULL].var()
    both = given.above(SWITCH).resampled_within(RECOVERY)[FULL]
    # Two independent means of as many samples: twice the variance.
    assert both.var() == pytest.approx(2 * alone, rel=0.25)
    observed = given.above(SWITCH).observed(RECOVERY)[FULL]
    assert both.mean() == pytest.approx(observed[0], abs=0.005)


def test_the_strictest_baseline_is_told_by_the_validation_split_alone() -> None:
    assert evidence({GREEDY: 0.9}).strictest == SWITCH
    assert altered(evidence({}), decodings=()).strictest is None
