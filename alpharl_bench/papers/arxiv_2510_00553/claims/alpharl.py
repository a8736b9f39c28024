"""AlphaRL (§4 of arXiv 2510.00553) beside doing nothing and beside its baselines.

``a[variant]`` is the accuracy of a variant on the reported questions. Which target a forecast has
was chosen on others.
"""

from collections.abc import Callable, Sequence

import numpy as np

from alpharl_bench.claims.claim import (
    Claim,
    Curve,
    Null,
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
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import REFERENCES, TOLERANCE, relative
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import in_paper
from alpharl_bench.tables import EVALUATION, Means
from alpharl_bench.variants import BASE, Variant, forecast, full_at

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


def last_observed(steps: Sequence[int], percent: int) -> Variant:
    """The checkpoint at which observation ends; the base where it ends before the first."""
    observed = observed_steps(steps, percent)
    return full_at(observed[-1]) if observed else BASE


def predicted(percent: int) -> Variant:
    """AlphaRL of the first part of the training."""
    return forecast(ALPHARL, percent)


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


def retention(a: Means, _: Sequence[int]) -> np.ndarray:
    """AlphaRL of 40 % over the fully trained model."""
    return relative(a, predicted(LATE))


def early_minus_late(a: Means, steps: Sequence[int]) -> np.ndarray:
    """AlphaRL of 10 % minus the checkpoint at 40 %."""
    difference: np.ndarray = a[predicted(EARLY)] - a[last_observed(steps, LATE)]
    return difference


def worst_gain(a: Means, steps: Sequence[int]) -> np.ndarray:
    """AlphaRL minus the checkpoint that it starts from, the least of all stages."""
    gains = [a[predicted(percent)] - a[last_observed(steps, percent)] for percent in stages(steps)]
    least: np.ndarray = np.min(gains, axis=0)
    return least


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


def speed_up(percent: int) -> Statistic:
    """Steps of the run to the accuracy of AlphaRL of a stage, over what the forecast took.

    That is the observed steps, and one evaluation of every observed checkpoint and candidate.
    """

    def statistic(a: Means, steps: Sequence[int]) -> np.ndarray:
        observed = observed_steps(steps, percent)
        spent = observed[-1] + (len(observed) + len(SHARES)) * a[EVALUATION]
        ratio: np.ndarray = steps_to_reach(a, steps, a[predicted(percent)]) / spent
        return ratio

    return statistic


def best_speed_up(a: Means, steps: Sequence[int]) -> np.ndarray:
    """The most of all stages, as 'up to' says."""
    most: np.ndarray = np.max([speed_up(percent)(a, steps) for percent in stages(steps)], axis=0)
    return most


def best_baseline_minus(variant: Callable[[Sequence[int]], Variant]) -> Statistic:
    """The best baseline's accuracy at 40 % minus that of a variant of the run."""

    def statistic(a: Means, steps: Sequence[int]) -> np.ndarray:
        # A stored session may be older than a baseline.
        best = np.max([a[baseline] for baseline in baselines(steps) if baseline in a], axis=0)
        difference: np.ndarray = best - a[variant(steps)]
        return difference

    return statistic


def logits_minus_alpharl(a: Means, _: Sequence[int]) -> np.ndarray:
    """Logits extrapolated from 40 % minus AlphaRL of 40 %."""
    difference: np.ndarray = a[forecast(LOGITS, LATE)] - a[predicted(LATE)]
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


def _predicted(percent: int, x: float) -> Point:
    return Point(f"Training {percent} % + AlphaRL", predicted(percent), x)


def _stage_points(steps: Sequence[int]) -> list[Point]:
    pairs = [
        (_checkpoint(percent, steps), _predicted(percent, percent)) for percent in stages(steps)
    ]
    late = [] if LATE in stages(steps) else [_checkpoint(LATE, steps)]
    return [*REFERENCES[:2], *(point for pair in pairs for point in pair), *late]


def _speed_points(steps: Sequence[int]) -> list[Point]:
    return [
        *REFERENCES[:2],
        *(Point(f"Checkpoint {step}", full_at(step), step, series="checkpoint") for step in steps),
        *(_predicted(percent, observed_steps(steps, percent)[-1]) for percent in stages(steps)),
    ]


def _baseline_points(steps: Sequence[int]) -> list[Point]:
    points = [*REFERENCES[:2], _checkpoint(LATE, steps)]
    if LATE in stages(steps):
        points += [Point(method, forecast(method, LATE)) for method in (ALPHARL, *FORMS)]
        points += [Point(v.method, v, optional=True) for v in baselines(steps)]
    return points


def _logits_points(steps: Sequence[int]) -> list[Point]:
    possible = (ALPHARL, LOGITS) if LATE in stages(steps) else ()
    return [
        *REFERENCES[:2],
        _checkpoint(LATE, steps),
        *(Point(method, forecast(method, LATE)) for method in possible),
    ]


STAGE_CURVE = Curve("alpharl", _stage_points, x_label="observed part of the training, %")
SPEED_CURVE = Curve("alpharl-speed", _speed_points, x_label="training step")
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

ACCELERATION = (
    Claim(
        id="A1",
        title="AlphaRL of 40 % retains the reasoning of the fully trained model",
        text="Up to 2.5× speedup while retaining > 96 % of reasoning performance.",
        paper_ref=in_paper("abstract, §4.2, Tables 1 and 3"),
        statistic=retention,
        threshold=Threshold(low=RETAINED),
        formula="a(AlphaRL of 40 %) / a(full)",
        statistic_label="relative accuracy of AlphaRL of the first 40 % of the training",
        printed=Printed(
            _by_algorithm(relative_accuracies(LATE, forecast=True)),
            {
                f"Training {percent} %{' + AlphaRL' if forecast else ''}": ", ".join(
                    relative_accuracies(percent, forecast=forecast)
                )
                for percent in (EARLY, LATE)
                for forecast in (False, True)
            },
        ),
        curve=STAGE_CURVE,
        nulls=(
            Null(
                "the checkpoint at 40 %", lambda a, steps: relative(a, last_observed(steps, LATE))
            ),
        ),
        unsupported_reason=too_few_observed(LATE),
        by_task=True,
    ),
    Claim(
        id="A2",
        title="AlphaRL of 10 % is as good as training to 40 %",
        text=(
            "At only 10 % of the total training steps, performance comparable to the non-AlphaRL "
            "model at 40 %."
        ),
        paper_ref=in_paper("§4.2, Table 1"),
        statistic=early_minus_late,
        threshold=Threshold(low=-TOLERANCE),
        formula="a(AlphaRL of 10 %) − a(checkpoint at 40 %)",
        statistic_label="accuracy of AlphaRL of 10 % minus that of the checkpoint at 40 %",
        printed=Printed(_by_algorithm(forecast_minus_checkpoint(EARLY, LATE)), {}),
        curve=STAGE_CURVE,
        nulls=(
            Null(
                "the checkpoint at 10 %",
                lambda a, steps: a[last_observed(steps, EARLY)] - a[last_observed(steps, LATE)],
            ),
        ),
        unsupported_reason=too_few_observed(EARLY),
    ),
    Claim(
        id="A3",
        title="AlphaRL is never worse than the checkpoint that it starts from",
        text="The AlphaRL-enhanced LLMs exhibit significant improvements at all training stages.",
        paper_ref=in_paper("§4.2, Tables 1 and 3"),
        statistic=worst_gain,
        threshold=Threshold(low=-TOLERANCE),
        formula="min over stages s of a(AlphaRL of s) − a(checkpoint at s)",
        statistic_label=(
            "accuracy of AlphaRL minus that of its last checkpoint, the least over the stages"
        ),
        printed=Printed(least_gain(), {}),
        curve=STAGE_CURVE,
        unsupported_reason=too_few_observed(LATE),
        caveat="The least of several differences is lower than any of them by chance alone.",
    ),
    Claim(
        id="A4",
        title="AlphaRL is 2.5 times as fast at equal accuracy",
        text="On average, AlphaRL accelerates the training process by up to 2.5 times.",
        paper_ref=in_paper("abstract, §4.2"),
        statistic=best_speed_up,
        threshold=Threshold(low=SPEED_UP),
        formula=(
            "max over stages s of T(a(AlphaRL of s)) / [t_s + (n_s + 5) · e]; T: steps of the run "
            "to an accuracy, t_s: observed steps, n_s: observed checkpoints, e: steps that an "
            "evaluation costs"
        ),
        statistic_label=(
            "steps of the run to the accuracy of AlphaRL, over the cost of the forecast, the most "
            "of the stages"
        ),
        printed=Printed("2.5 = 1/0.4, evaluation not counted", {}),
        curve=SPEED_CURVE,
        unsupported_reason=too_few_observed(LATE),
        caveat=(
            f"{_COST} The most of several ratios is higher than any of them by chance alone, and "
            "says nothing of how good the model then is: an early stage saves much on the way to a "
            "low accuracy. The table by stage has both; A1 asks for 0.96 of the trained model."
        ),
    ),
    Claim(
        id="A4-any",
        title="AlphaRL is worth its cost",
        text=(
            "Not in the paper: the run itself takes at least as long to the accuracy of AlphaRL of "
            "40 % as the forecast does."
        ),
        paper_ref=in_paper("§4.2, with a weaker threshold"),
        statistic=speed_up(LATE),
        threshold=Threshold(low=1),
        formula="T(a(AlphaRL of 40 %)) / [t + (n + 5) · e], as A4",
        statistic_label=(
            "steps of the run to the accuracy of AlphaRL of 40 %, over the cost of the forecast"
        ),
        printed=Printed("2.5 = 1/0.4, evaluation not counted", {}),
        curve=SPEED_CURVE,
        unsupported_reason=too_few_observed(LATE),
        caveat=_COST,
    ),
    Claim(
        id="A5",
        title="No other forecast of 40 % is better than AlphaRL",
        text="Not in the paper, which compares with no other method.",
        paper_ref=in_paper("comparison beyond §4.2"),
        statistic=best_baseline_minus(lambda _: predicted(LATE)),
        threshold=Threshold(high=0),
        formula="max over baselines b of a(b of 40 %) − a(AlphaRL of 40 %)",
        statistic_label="accuracy of the best baseline of 40 % minus that of AlphaRL",
        printed=Printed("not measured", {}),
        curve=BASELINE_CURVE,
        nulls=(
            Null(
                "the checkpoint at 40 %",
                best_baseline_minus(lambda steps: last_observed(steps, LATE)),
            ),
        ),
        unsupported_reason=too_few_observed(LATE),
        caveat=(
            "The best of several baselines is chosen after the fact, which favours it. All methods "
            "choose among as many targets by the same questions."
        ),
    ),
    Claim(
        id="A5-logits",
        title="Extrapolated logits of 40 % are no better than AlphaRL",
        text="Not in the paper, which compares with no other method.",
        paper_ref=in_paper("comparison beyond §4.2"),
        statistic=logits_minus_alpharl,
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
