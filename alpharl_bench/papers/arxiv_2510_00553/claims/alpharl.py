"""AlphaRL (§4 of arXiv 2510.00553) beside doing nothing and beside its baselines.

``a[variant]`` is the accuracy of a variant on the reported questions. Which target a forecast has
was chosen on others. The paper's text and its authors' code add the prediction to different
weights: every claim is judged in both readings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from alpharl_bench.claims.claim import (
    Claim,
    Curve,
    Null,
    Origin,
    Point,
    Printed,
    Statistic,
    Threshold,
)
from alpharl_bench.forecast import Forecaster, all_methods, method_named
from alpharl_bench.forecast.forecaster import SHARES
from alpharl_bench.forecast.method import ORACLE
from alpharl_bench.forecast.selection import observed_steps
from alpharl_bench.papers.arxiv_2510_00553.claims.printed_stages import (
    algorithms,
    forecast_minus_checkpoint,
    least_gain,
    relative_accuracies,
)
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import PRACTICAL, REFERENCES, relative
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import in_paper
from alpharl_bench.tables import EVALUATION, Means
from alpharl_bench.variants import BASE, FULL, Variant, forecast, full_at

#: The observed parts of the training, in percent: the stages of the paper's Table 3.
STAGES = (5, 10, 20, 30, 40, 50)
#: Where the paper says that AlphaRL is almost as good as the fully trained model, and from where it
#: says that it reaches the training of the other.
LATE, EARLY = 40, 10
#: 'Retaining > 96 %' and 'up to 2.5×' (abstract).
RETAINED, SPEED_UP = 0.96, 2.5
ALPHARL = "alpharl"
#: The baseline without weights, which one engine alone can score.
LOGITS = "rlvr-logits"
#: AlphaRL in other forms: norm-matched, as in the authors' code, and told the accuracy at the end.
FORMS = ("alpharl-matched", "alpharl-code", ORACLE)


@dataclass(frozen=True)
class Reading:
    """How AlphaRL is read: the method's name, and what sets its claims and points apart."""

    method: str
    suffix: str
    words: str

    def __call__(self, percent: int) -> Variant:
        """AlphaRL of the first part of the training."""
        return forecast(self.method, percent)


#: The predicted update on the base (§4.1), and on the last observed checkpoint.
TEXT, CODE = Reading(ALPHARL, "", ""), Reading("alpharl-code", "-code", ", by the authors' code")


def last_observed(steps: Sequence[int], percent: int) -> Variant:
    """The checkpoint at which observation ends; the base where it ends before the first."""
    observed = observed_steps(steps, percent)
    return full_at(observed[-1]) if observed else BASE


def baselines(steps: Sequence[int]) -> list[Variant]:
    """The forecasts of 40 % that AlphaRL is compared with by any engine; doing nothing is the null.

    Those of published and naive methods, and of other distributions', with checkpoints enough.
    """
    observed = len(observed_steps(steps, LATE))
    return [
        forecast(method.name, LATE)
        for method in all_methods().values()
        if method.baseline and not method.scored_only and method.forecaster.least <= observed
    ]


def stages(steps: Sequence[int]) -> list[int]:
    """The stages with checkpoints enough for AlphaRL."""
    least = _alpharl().least
    return [percent for percent in STAGES if len(observed_steps(steps, percent)) >= least]


def _alpharl() -> Forecaster:
    return method_named(ALPHARL).forecaster


def retention(a: Means, _: Sequence[int], reading: Reading = TEXT) -> np.ndarray:
    """AlphaRL of 40 % over the fully trained model."""
    return relative(a, reading(LATE))


def early_minus_late(a: Means, steps: Sequence[int], reading: Reading = TEXT) -> np.ndarray:
    """AlphaRL of 10 % minus the checkpoint at 40 %."""
    difference: np.ndarray = a[reading(EARLY)] - a[last_observed(steps, LATE)]
    return difference


def gains(a: Means, steps: Sequence[int], reading: Reading = TEXT) -> np.ndarray:
    """(stages, B) AlphaRL minus the checkpoint that it starts from."""
    return np.array([a[reading(s)] - a[last_observed(steps, s)] for s in stages(steps)])


def steps_to_reach(a: Means, steps: Sequence[int], accuracy: np.ndarray) -> np.ndarray:
    """The steps after which the run itself first has an accuracy, between checkpoints linearly.

    Args:
        a: the evidence, with the accuracies of the base and of all checkpoints.
        steps: the steps of the checkpoints.
        accuracy: (B,).

    Returns:
        (B,) from 0 to the run's last step, which also stands where it is never reached.
    """
    at = np.array([0, *steps], dtype=float)
    curve = np.stack(np.broadcast_arrays(a[BASE], *(a[full_at(step)] for step in steps)))
    reached = curve >= accuracy
    after = np.where(reached.any(axis=0), reached.argmax(axis=0), len(steps))
    before = np.maximum(after - 1, 0)
    draws = np.arange(curve.shape[1])
    low, high = curve[before, draws], curve[after, draws]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(high > low, (accuracy - low) / (high - low), 1.0)
    found: np.ndarray = at[before] + np.clip(part, 0, 1) * (at[after] - at[before])
    return found


def spent(a: Means, steps: Sequence[int], percent: int) -> float:
    """What a forecast costs, in steps of the run.

    The observed steps, and one evaluation of every observed checkpoint and candidate.
    """
    observed = observed_steps(steps, percent)
    return float(observed[-1] + (len(observed) + len(SHARES)) * a[EVALUATION][0])


def speed_up(a: Means, steps: Sequence[int], percent: int, reading: Reading = TEXT) -> np.ndarray:
    """Steps of the run to the accuracy of AlphaRL of a stage, over what the forecast took.

    A first crossing is not a smooth function of noisy accuracies: it is shown, and the claims ask
    :func:`ahead` instead.
    """
    ratio: np.ndarray = steps_to_reach(a, steps, a[reading(percent)]) / spent(a, steps, percent)
    return ratio


def ahead(
    a: Means, steps: Sequence[int], percent: int, times: float, reading: Reading = TEXT
) -> np.ndarray:
    """AlphaRL of a stage minus the run itself after so many times the cost, in relative accuracy.

    Not below 0 exactly where a run that only rises takes as many times the cost to get there.
    Between checkpoints the run is taken as a line. Below 0 by all of the accuracy where the run
    ends before.
    """
    step = times * spent(a, steps, percent)
    if step > steps[-1]:
        return np.full_like(a[FULL], -1.0)
    at = np.array([0, *steps], dtype=float)
    after = max(1, int(np.searchsorted(at, step)))
    part = (step - at[after - 1]) / (at[after] - at[after - 1])
    low, high = (a[BASE] if n == 0 else a[full_at(steps[n - 1])] for n in (after - 1, after))
    lead: np.ndarray = (a[reading(percent)] - (low + part * (high - low))) / a[FULL]
    return lead


def fast_and_good(a: Means, steps: Sequence[int], reading: Reading = TEXT) -> np.ndarray:
    """(stages, 2, B) what a stage has beyond 96 % of the accuracy, and beyond 2.5 times the speed.

    Of the stages that end early enough for such a speed, if there are any.
    """
    early = [s for s in stages(steps) if SPEED_UP * spent(a, steps, s) <= steps[-1]]
    both = [
        [relative(a, reading(s)) - RETAINED, ahead(a, steps, s, SPEED_UP, reading)]
        for s in early or stages(steps)
    ]
    return np.array(both)


def baselines_minus(variant: Callable[[Sequence[int]], Variant]) -> Statistic:
    """(baselines, B) the accuracy of each baseline at 40 % minus that of a variant of the run."""

    def statistic(a: Means, steps: Sequence[int]) -> np.ndarray:
        # A stored session may be older than a baseline.
        known = [baseline for baseline in baselines(steps) if baseline in a]
        return np.array([a[baseline] - a[variant(steps)] for baseline in known])

    return statistic


def logits_minus(a: Means, _: Sequence[int], reading: Reading = TEXT) -> np.ndarray:
    """Logits extrapolated from 40 % minus AlphaRL of 40 %."""
    difference: np.ndarray = a[forecast(LOGITS, LATE)] - a[reading(LATE)]
    return difference


def too_few_observed(*percents: int) -> Callable[[Sequence[int]], str]:
    """Why claims about these stages cannot be judged on a run."""

    def reason(steps: Sequence[int]) -> str:
        return "; ".join(
            f"the run has {len(observed_steps(steps, percent))} of its {len(steps)} checkpoints in "
            f"the first {percent} % of its training, AlphaRL needs {_alpharl().least}"
            for percent in percents
            if percent not in stages(steps)
        )

    return reason


def _checkpoint(percent: int, steps: Sequence[int]) -> Point:
    variant = last_observed(steps, percent)
    return Point(f"Training {percent} %", variant, percent, series="checkpoint")


def _predicted(percent: int, x: float, reading: Reading) -> Point:
    return Point(f"Training {percent} % + AlphaRL{reading.words}", reading(percent), x)


def _stage_points(reading: Reading, steps: Sequence[int]) -> list[Point]:
    pairs = [
        (_checkpoint(percent, steps), _predicted(percent, percent, reading))
        for percent in stages(steps)
    ]
    late = [] if LATE in stages(steps) else [_checkpoint(LATE, steps)]
    return [*REFERENCES[:2], *(point for pair in pairs for point in pair), *late]


def _speed_points(reading: Reading, steps: Sequence[int]) -> list[Point]:
    return [
        *REFERENCES[:2],
        *(Point(f"Checkpoint {step}", full_at(step), step, series="checkpoint") for step in steps),
        *(_predicted(s, observed_steps(steps, s)[-1], reading) for s in stages(steps)),
    ]


def _baseline_points(steps: Sequence[int]) -> list[Point]:
    points = [*REFERENCES[:2], _checkpoint(LATE, steps)]
    if LATE in stages(steps):
        points += [Point(method, forecast(method, LATE)) for method in (ALPHARL, *FORMS)]
        points += [Point(v.method, v, optional=True) for v in baselines(steps)]
    return points


def _logits_points(steps: Sequence[int]) -> list[Point]:
    possible = (ALPHARL, CODE.method, LOGITS) if LATE in stages(steps) else ()
    return [
        *REFERENCES[:2],
        _checkpoint(LATE, steps),
        *(Point(method, forecast(method, LATE)) for method in possible),
    ]


BASELINE_CURVE = Curve("alpharl-baselines", _baseline_points, x_label="")
LOGITS_CURVE = Curve("alpharl-logits", _logits_points, x_label="")


def _by_algorithm(numbers: Sequence[str]) -> str:
    """Numbers of the paper's Table 1, each with the algorithm it is of."""
    named = zip(numbers, algorithms(), strict=True)
    return ", ".join(f"{number} ({algorithm})" for number, algorithm in named)


_COST = (
    "Evaluation counts: the observed checkpoints and the candidates of the target, one look at the "
    "validation questions each, converted by responses of the greatest length (generated: 1, "
    "trained on: 3); of a run without a known recipe not at all. The run's own steps count to its "
    "last at most."
)

_READINGS = (
    "The paper adds the predicted update to the base, its authors' code to the last observed "
    "checkpoint, where the update up to there counts twice: each reading has its own claim."
)


def _acceleration(reading: Reading) -> tuple[Claim, ...]:
    """The claims of one reading."""
    suffix, words = reading.suffix, reading.words
    stage_curve = Curve(
        f"alpharl{suffix}",
        partial(_stage_points, reading),
        x_label="observed part of the training, %",
    )
    speed_curve = Curve(
        f"alpharl-speed{suffix}", partial(_speed_points, reading), x_label="training step"
    )
    return (
        Claim(
            id=f"A1{suffix}",
            title=f"AlphaRL of 40 % retains the reasoning of the fully trained model{words}",
            text="Up to 2.5× speedup while retaining > 96 % of reasoning performance.",
            paper_ref=in_paper("abstract, §4.2, Tables 1 and 3"),
            statistic=partial(retention, reading=reading),
            threshold=Threshold(low=RETAINED, origin=Origin.PRINTED),
            formula="a(AlphaRL of 40 %) / a(full)",
            statistic_label="relative accuracy of AlphaRL of the first 40 % of the training",
            printed=Printed(
                _by_algorithm(relative_accuracies(LATE, forecast=True)),
                {
                    f"Training {percent} %{f' + AlphaRL{words}' if forecast else ''}": ", ".join(
                        relative_accuracies(percent, forecast=forecast)
                    )
                    for percent in (EARLY, LATE)
                    for forecast in (False, True)
                },
            ),
            curve=stage_curve,
            nulls=(
                Null(
                    "the checkpoint at 40 %",
                    lambda a, steps: relative(a, last_observed(steps, LATE)),
                ),
            ),
            unsupported_reason=too_few_observed(LATE),
            by_task=True,
            caveat=_READINGS,
        ),
        Claim(
            id=f"A2{suffix}",
            title=f"AlphaRL of 10 % is as good as training to 40 %{words}",
            text=(
                "At only 10 % of the total training steps, performance comparable to the "
                "non-AlphaRL model at 40 %."
            ),
            paper_ref=in_paper("§4.2, Table 1"),
            statistic=partial(early_minus_late, reading=reading),
            threshold=Threshold(low=-PRACTICAL),
            formula="a(AlphaRL of 10 %) − a(checkpoint at 40 %)",
            statistic_label="accuracy of AlphaRL of 10 % minus that of the checkpoint at 40 %",
            printed=Printed(_by_algorithm(forecast_minus_checkpoint(EARLY, LATE)), {}),
            curve=stage_curve,
            nulls=(
                Null(
                    "the checkpoint at 10 %",
                    lambda a, steps: a[last_observed(steps, EARLY)] - a[last_observed(steps, LATE)],
                ),
            ),
            unsupported_reason=too_few_observed(EARLY),
        ),
        Claim(
            id=f"A3{suffix}",
            title=f"AlphaRL improves on the checkpoint that it starts from at every stage{words}",
            text=(
                "The AlphaRL-enhanced LLMs exhibit significant improvements at all training stages."
            ),
            paper_ref=in_paper("§4.2, Tables 1 and 3"),
            statistic=partial(gains, reading=reading),
            extremes=("least",),
            threshold=Threshold(low=0, origin=Origin.DERIVED),
            formula="min over stages s of a(AlphaRL of s) − a(checkpoint at s)",
            statistic_label=(
                "accuracy of AlphaRL minus that of its last checkpoint, the least over the stages"
            ),
            printed=Printed(least_gain(), {}),
            curve=stage_curve,
            unsupported_reason=too_few_observed(LATE),
        ),
        Claim(
            id=f"A4{suffix}",
            title=f"AlphaRL is 2.5 times as fast while it keeps 96 % of the accuracy{words}",
            text="Up to 2.5× speedup while retaining > 96 % of reasoning performance.",
            paper_ref=in_paper("abstract, §4.2"),
            statistic=partial(fast_and_good, reading=reading),
            extremes=("most", "least"),
            threshold=Threshold(low=0, origin=Origin.PRINTED),
            formula=(
                "max over stages s of min{r_s − 0.96, [a(AlphaRL of s) − a(run at 2.5 c_s)] / "
                "a(full)}, r_s = a(AlphaRL of s) / a(full), c_s = t_s + (n_s + "
                f"{len(SHARES)}) · e; t_s: observed steps, n_s: observed checkpoints, e: steps "
                "that an evaluation costs"
            ),
            statistic_label=(
                "the smaller of what AlphaRL keeps beyond 0.96 and what it is ahead of the run "
                "after 2.5 times its cost, in relative accuracy, at the best stage"
            ),
            printed=Printed("2.5 = 1/0.4 and 0.96, evaluation not counted", {}),
            curve=speed_curve,
            unsupported_reason=too_few_observed(LATE),
            caveat=(
                f"{_COST} 'Up to' allows any stage, and both conditions are asked of the same one: "
                "an early stage saves much on the way to a low accuracy. −1 says that 2.5 times "
                "the cost exceeds the whole training at every stage."
            ),
        ),
        Claim(
            id=f"A4-any{suffix}",
            title=f"AlphaRL of 40 % is worth its cost{words}",
            text=(
                "Not in the paper: AlphaRL of 40 % is no worse than the run itself after as many "
                "steps as the forecast costs."
            ),
            paper_ref=in_paper("§4.2, with a weaker threshold"),
            statistic=lambda a, steps: ahead(a, steps, LATE, 1, reading),
            threshold=Threshold(low=0),
            formula="[a(AlphaRL of 40 %) − a(run at c)] / a(full), c as A4",
            statistic_label=(
                "relative accuracy of AlphaRL of 40 % minus that of the run after its cost"
            ),
            printed=Printed("not measured", {}),
            curve=speed_curve,
            unsupported_reason=too_few_observed(LATE),
            caveat=_COST,
        ),
        Claim(
            id=f"A5{suffix}",
            title=f"No other forecast of 40 % is better than AlphaRL{words}",
            text="Not in the paper, which compares with no other method.",
            paper_ref=in_paper("comparison beyond §4.2"),
            statistic=baselines_minus(lambda _: reading(LATE)),
            extremes=("most",),
            threshold=Threshold(high=0),
            formula="max over baselines b of a(b of 40 %) − a(AlphaRL of 40 %)",
            statistic_label="accuracy of the best baseline of 40 % minus that of AlphaRL",
            printed=Printed("not measured", {}),
            curve=BASELINE_CURVE,
            nulls=(
                Null(
                    "the checkpoint at 40 %",
                    baselines_minus(lambda steps: last_observed(steps, LATE)),
                ),
            ),
            unsupported_reason=too_few_observed(LATE),
            caveat="All methods choose among as many targets by the same questions.",
        ),
        Claim(
            id=f"A5-logits{suffix}",
            title=f"Extrapolated logits of 40 % are no better than AlphaRL{words}",
            text="Not in the paper, which compares with no other method.",
            paper_ref=in_paper("comparison beyond §4.2"),
            statistic=partial(logits_minus, reading=reading),
            threshold=Threshold(high=0),
            formula="a(extrapolated logits of 40 %) − a(AlphaRL of 40 %)",
            statistic_label="accuracy of the logits extrapolated from 40 % minus that of AlphaRL",
            printed=Printed("not measured", {}),
            curve=LOGITS_CURVE,
            nulls=(
                Null(
                    "the checkpoint at 40 %",
                    lambda a, steps: a[forecast(LOGITS, LATE)] - a[last_observed(steps, LATE)],
                ),
            ),
            unsupported_reason=too_few_observed(LATE),
            engine="hf",
            caveat="Two models are asked at every decoding step, so that a response costs twice.",
        ),
    )


ACCELERATION = (*_acceleration(TEXT), *_acceleration(CODE))
