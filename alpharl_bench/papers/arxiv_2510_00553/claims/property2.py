"""Property 2, Rank-1 Linear Dynamics (§3 of arXiv 2510.00553): each claim with what nothing scores.

``m[column]`` is a mean over modules, of the columns of
:class:`~alpharl_bench.dynamics.ModuleDynamics`. A measure in sample says little where a trajectory
has thousands of dimensions and a few checkpoints: so every claim has the nulls of the measure.
``a[variant]`` is the accuracy of a variant.
"""

from collections.abc import Callable, Sequence

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
from alpharl_bench.claims.kinds import IMITATION
from alpharl_bench.dynamics import CLOSE_TO_1, NULLS, WINDOWS
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import REFERENCES, slope
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import in_paper
from alpharl_bench.tables import Means
from alpharl_bench.variants import full_at, window

#: The paper's mean R² (§1), less what rounding and another set of questions may take.
LINEAR = 0.9
#: 'An average error of less than 5 %' (§1).
SMALL_ERROR = 0.05
#: Any module at all is more than this share of them.
SOME = 1e-6
#: Draws of an order that windows slide over in place of that by R².
SHUFFLES = range(4)

CHECKPOINTS = Curve(
    "dynamics",
    lambda steps: [
        *REFERENCES[:2],
        *(Point(f"Checkpoint {step}", full_at(step), step) for step in steps),
    ],
    x_label="training step",
)

_NUMBERS = range(1, WINDOWS + 1)
WINDOW_CURVE = Curve(
    "windows",
    lambda _: [
        *REFERENCES,
        *(Point(f"Window {n} by falling R²", window(n), n) for n in _NUMBERS),
        *(
            Point(
                f"Window {n} of shuffle {draw}",
                window(n, shuffle=draw),
                n,
                series="shuffled",
            )
            for draw in SHUFFLES
            for n in _NUMBERS
        ),
    ],
    x_label="window of modules, by falling R²",
)

#: A measure of the true trajectory (prefix '') or of a null's ('noise: ').
Measure = Callable[[Means, str], np.ndarray]


def mean_r_squared(m: Means, prefix: str = "") -> np.ndarray:
    """R² of accuracy on u₁ (equation 10), the mean over modules."""
    return m[f"{prefix}R²"]


def close_to_1(m: Means, prefix: str = "") -> np.ndarray:
    """The share of modules with an R² above 0.96."""
    return m[f"{prefix}close to 1"]


def mlp_minus_attention(m: Means, prefix: str = "") -> np.ndarray:
    """The mean R² of MLP modules minus that of attention modules."""
    mlp, attention = (m[f"{prefix}{block} · R²"] / m[block] for block in ("MLP", "attention"))
    difference: np.ndarray = mlp - attention
    return difference


def depth_slope(m: Means, prefix: str = "") -> np.ndarray:
    """The least-squares slope of R² from the first to the last layer."""
    covariance = m[f"{prefix}depth · R²"] - m["depth"] * m[f"{prefix}R²"]
    slope: np.ndarray = covariance / (m["depth²"] - m["depth"] ** 2)
    return slope


def _of(measure: Measure) -> Statistic:
    return lambda m, _: measure(m, "")


def _nulls(measure: Measure) -> tuple[Null, ...]:
    """The same measure of every null."""
    return tuple(Null(name, _of_null(measure, name)) for name in NULLS)


def _of_null(measure: Measure, name: str) -> Statistic:
    return lambda m, _: measure(m, f"{name}: ")


def later_state_error(m: Means, _: Sequence[int] = ()) -> np.ndarray:
    """‖x̂ − x‖/‖x‖ of σ₁u₁ at the end, predicted from 40 % of the training; the mean over modules.

    By the paper's regression, which is told the accuracy at the end.
    """
    return m["error of PLS at the accuracy"]


def unchanged_error(m: Means, _: Sequence[int] = ()) -> np.ndarray:
    """The same error of the last observed checkpoint: nothing is predicted."""
    return m["error of last checkpoint"]


def accuracy_error(m: Means, _: Sequence[int] = ()) -> np.ndarray:
    """|ŷ − y| of the accuracy at the end, from 40 % of the training; the mean over modules.

    By the paper's regression, whose score goes on in a line in the step: nothing of the end is
    known.
    """
    return m["accuracy error of PLS at the step"]


def unchanged_accuracy_error(m: Means, _: Sequence[int] = ()) -> np.ndarray:
    """The same error of the last observed accuracy: nothing is predicted."""
    return m["accuracy error of last checkpoint"]


def accuracies_alone_error(m: Means, _: Sequence[int] = ()) -> np.ndarray:
    """The same error of a line through the observed accuracies: no weights are looked at."""
    return m["accuracy error of accuracies alone"]


def straight_r_squared(m: Means, _: Sequence[int] = ()) -> np.ndarray:
    """R² of accuracy on a straight path with steps as long as those of u₁: as linear as can be."""
    return m["straight path: R²"]


def window_slope(a: Means, shuffle: int | None = None) -> np.ndarray:
    """The least-squares slope of accuracy from the first window (0) to the last (1)."""
    accuracies = [a[window(n, shuffle=shuffle)] for n in _NUMBERS]
    return slope(np.linspace(0, 1, WINDOWS), accuracies)


def shuffled_slopes(a: Means, _: Sequence[int] = ()) -> np.ndarray:
    """(orders, B) the same slope over random orders of the modules, each from both of its ends.

    Half of all orders fall, so that the sign of one slope tells nothing. The windows of an order
    that is read backwards are the same, and its slope is the opposite: the mean is 0 as it is over
    all orders.
    """
    slopes = np.array([window_slope(a, shuffle) for shuffle in SHUFFLES])
    return np.concatenate([slopes, -slopes])


LINEAR_DYNAMICS = (
    Claim(
        id="P2.1",
        title="Accuracy is linear in the Rank-1 direction",
        text=(
            "The linearity (R²) of the Rank-1 Subspace's evolution exhibits an average of 0.914."
        ),
        paper_ref=in_paper("§1, §3.1, Appendix E"),
        statistic=_of(mean_r_squared),
        threshold=Threshold(low=LINEAR, origin=Origin.DERIVED),
        formula=(
            "mean_m R²_m, R² = (ỹᵀKỹ)² / (ỹᵀK²ỹ · ỹᵀỹ), K = X̃X̃ᵀ, rows of X: u₁ at each checkpoint"
        ),
        statistic_label="R² of accuracy on u₁ by one-component PLS, in sample, mean over modules",
        printed=Printed("0.914", {}, value=0.914),
        curve=CHECKPOINTS,
        table="dynamics",
        nulls=_nulls(mean_r_squared),
        ceilings=(Null("straight path with steps as long", straight_r_squared),),
        caveat=(
            "In sample, with more dimensions than checkpoints. docs/dynamics.md shows what such an "
            "R² is of pure noise."
        ),
    ),
    Claim(
        id="P2.1-best",
        title="Some modules are linear almost perfectly",
        text="An almost strictly linear upward trend, with R² exceeding 0.96.",
        paper_ref=in_paper("§1, §3.1, Figure 6b"),
        statistic=_of(close_to_1),
        threshold=Threshold(low=SOME, origin=Origin.PRINTED),
        formula="share of modules m with R²_m > 0.96",
        statistic_label=f"share of modules with R² > {CLOSE_TO_1:g}",
        printed=Printed("above 0 (figure only)", {}),
        curve=CHECKPOINTS,
        table="dynamics",
        nulls=_nulls(close_to_1),
    ),
    Claim(
        id="P2.2-block",
        title="MLP modules are more linear than attention",
        text="MLP modules tend to achieve higher R²; self-attention modules generally lower.",
        paper_ref=in_paper("§3.2, Figure 15"),
        statistic=_of(mlp_minus_attention),
        threshold=Threshold(low=0, origin=Origin.DERIVED),
        formula="mean R² of MLP modules − mean R² of attention modules",
        statistic_label="mean R² of MLP modules minus that of attention modules",
        printed=Printed("above 0 (figure only)", {}),
        curve=CHECKPOINTS,
        table="dynamics",
        nulls=_nulls(mlp_minus_attention),
        caveat=(
            "MLP outputs are wider than those of keys and values, and R² in sample grows with the "
            "width of the trajectory: the nulls have the same shapes."
        ),
    ),
    Claim(
        id="P2.2-depth",
        title="Higher layers are more linear than lower ones",
        text="MLP modules, particularly those in mid-to-high layers, tend to achieve higher R².",
        paper_ref=in_paper("§3.2, Figure 15"),
        statistic=_of(depth_slope),
        threshold=Threshold(low=0, origin=Origin.DERIVED),
        formula="slope of R²_m over the depth of m, 0 to 1",
        statistic_label="slope of R² over the modules, from the first layer (0) to the last (1)",
        printed=Printed("above 0 (figure only)", {}),
        curve=CHECKPOINTS,
        table="dynamics",
        nulls=_nulls(depth_slope),
    ),
    Claim(
        id="P2.3",
        title="Accuracy falls with the R² of the modules that are injected",
        text=(
            "Performance gradually declines as the minimum R² in the window decreases: R² "
            "quantifies the functional role of module updates."
        ),
        paper_ref=in_paper("§3.2, Figure 6c"),
        statistic=lambda a, _: window_slope(a),
        threshold=Threshold(high=0, origin=Origin.DERIVED),
        formula="slope of a(window w) over (w − 1) / 4, w = 1 … 5 by falling R²",
        statistic_label=(
            "slope of accuracy over windows of modules by falling R², from first (0) to last (1)"
        ),
        printed=Printed("below 0 (figure only)", {}),
        curve=WINDOW_CURVE,
        nulls=(Null("shuffled orders of the modules", shuffled_slopes),),
        caveat=(
            "R² is by accuracies on the validation questions, so that the ranking shares none with "
            "the scores. A third of the modules in a window and a seventh per step: neighbours "
            "share more than half of theirs. Windows differ in how much of ‖ΔW‖ they hold, which "
            "is not matched: *Windows of modules* below says how much."
        ),
    ),
    Claim(
        id="P2.4",
        title="The later state is predicted from the early one",
        text=(
            "Predictions of its later state based on early-stage states achieve an average error "
            "of less than 5 %."
        ),
        paper_ref=in_paper("§1"),
        statistic=later_state_error,
        threshold=Threshold(high=SMALL_ERROR, origin=Origin.PRINTED),
        formula=(
            "mean_m ‖x̂ − x‖ / ‖x‖, x = σ₁u₁ at the end, x̂ = PLS of the first 40 % at the "
            "accuracy of the end"
        ),
        statistic_label=(
            "relative Frobenius error of σ₁u₁ at the end of training, predicted from its first "
            "40 %, mean over modules"
        ),
        printed=Printed("< 0.05 (of what is not said)", {}),
        curve=CHECKPOINTS,
        table="dynamics",
        nulls=(Null("last checkpoint, unchanged", unchanged_error),),
        caveat=(
            "The paper does not say what the error is of. The regression is told the accuracy at "
            "the end, which a forecast would not have."
        ),
    ),
    Claim(
        id="P2.4-accuracy",
        title="The later accuracy is predicted from the early state",
        text=(
            "Predictions of its later state based on early-stage states achieve an average error "
            "of less than 5 %."
        ),
        paper_ref=in_paper("§1"),
        statistic=accuracy_error,
        threshold=Threshold(high=SMALL_ERROR, origin=Origin.PRINTED),
        formula="mean_m |ŷ − y|, ŷ by PLS of the first 40 %, its score a line in the step",
        statistic_label=(
            "|ŷ − y| of the accuracy at the end of training, predicted from its first 40 % by PLS "
            "at the step, mean over modules"
        ),
        printed=Printed("< 0.05 (of what is not said)", {}),
        curve=CHECKPOINTS,
        table="dynamics",
        nulls=(
            Null("last accuracy, unchanged", unchanged_accuracy_error),
            Null("line through the accuracies, no weights", accuracies_alone_error),
        ),
        caveat=(
            "The paper does not say what the error is of. Here it is in points of accuracy (0.05 "
            "are five of a hundred); as a share of y it is larger. Every module predicts the same "
            "y, whose noise the interval over modules does not have."
        ),
    ),
    Claim(
        id="P2.5",
        title="SFT and offline distillation are not linear",
        text=(
            "Control experiments with supervised fine-tuning and distillation on the same models "
            "yielded neither property."
        ),
        paper_ref=in_paper("§1"),
        statistic=_of(mean_r_squared),
        threshold=Threshold(high=LINEAR, origin=Origin.DERIVED),
        formula="mean_m R²_m, as P2.1",
        statistic_label="R² of accuracy on u₁ by one-component PLS, in sample, mean over modules",
        printed=Printed("below that of RL (no number)", {}),
        curve=CHECKPOINTS,
        table="dynamics",
        kinds=IMITATION,
        nulls=(Null("straight path with steps as long", straight_r_squared),),
        caveat=(
            "The claim is that there is nothing to find, so its null is a path in which there is "
            "all: a straight one, as fast as u₁ turns. Where that has a low R² too, it is "
            "the accuracies that rise unevenly, and the R² says nothing of the weights. A random "
            "walk may well have a low one: that is what the claim says of SFT."
        ),
    ),
)
