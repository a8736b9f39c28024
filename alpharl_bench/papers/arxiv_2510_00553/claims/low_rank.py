"""Property 1 across kinds of training (§2.2, §2.3, Appendix C): what sets RL apart from imitation.

``a[variant]`` is an accuracy, ``m[column]`` the mean of a figure of the spectrum over modules.
"""

from collections.abc import Sequence

import numpy as np

from alpharl_bench.claims.claim import Claim, Curve, Point, Printed, Threshold
from alpharl_bench.claims.kinds import IMITATION
from alpharl_bench.papers.arxiv_2510_00553.claims.appendix_a import APPENDIX_A, PERCENTS, RANKS
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import REFERENCES
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import in_paper
from alpharl_bench.tables import Means
from alpharl_bench.tables.spectrum import WHOLE
from alpharl_bench.variants import BASE, FULL, percent, rank

#: 'Low' is less than half of what chance gives; the paper draws no line.
LOW = 0.5

RANK_POINTS = (
    Point(RANKS[0], rank(1), 0),
    *(Point(name, percent(p), p) for name, p in zip(RANKS[1:], PERCENTS, strict=True)),
)
DEPENDENCE = Curve(
    "rank-dependence",
    lambda _: [*REFERENCES, *RANK_POINTS],
    x_label="subspaces kept, % of min(m, n); at 0: Rank-1",
)
PROFILES = Curve("low-rank", lambda _: [], x_label="")


def many_minus_few(a: Means, _: Sequence[int] = ()) -> np.ndarray:
    """The recovered gain of Rank-90 % minus twice that of Rank-10 %, none counted below 0.

    Above 0 more than half of what can be recovered needs more than a tenth of the subspaces. A few
    subspaces that do harm are no argument for more of them unless more of them help: so they count
    as doing nothing.
    """
    gain = a[FULL] - a[BASE]
    few = np.maximum(a[percent(10)] - a[BASE], 0)
    difference: np.ndarray = (a[percent(90)] - a[BASE] - 2 * few) / gain
    return difference


LOW_RANK = (
    Claim(
        id="P1.7",
        title="SFT and offline distillation need many ranks",
        text=(
            "In contrast, SFT and DIST exhibit a strong dependence on subspace rank, requiring "
            "more subspaces to achieve performance gains."
        ),
        paper_ref=in_paper("§2.2, Figure 3a, Appendix A (rank table)"),
        statistic=many_minus_few,
        # "A strong dependence" is read as: few ranks keep less than half of what many do.
        threshold=Threshold(low=0),
        formula=(
            "g(Rank-90 %) − 2 · max(0, g(Rank-10 %)), g(V) = [a(V) − a(base)] / [a(full) − a(base)]"
        ),
        statistic_label=(
            "recovered gain of Rank-90 % minus twice that of Rank-10 %, which counts as 0 where it "
            "is below the base"
        ),
        printed=Printed(
            ", ".join(
                f"{printed.relative_accuracy['Rank-90 %']:g} − 2 · "
                f"{printed.relative_accuracy['Rank-10 %']:g} ({kind})"
                for kind, printed in APPENDIX_A.items()
                if kind in IMITATION
            )
            + " in relative accuracy",
            {
                name: ", ".join(
                    f"{printed.relative_accuracy[name]:g} ({kind})"
                    for kind, printed in APPENDIX_A.items()
                    if kind in IMITATION
                )
                for name in RANKS
            },
        ),
        curve=DEPENDENCE,
        kinds=IMITATION,
        caveat=(
            "Every Rank-k has the norm of the whole update. Where that is large, one direction of "
            "such a length can break the model, and then its accuracy says little about what the "
            "direction carries. The statistic takes the gain, not the relative accuracy: a base "
            "that already has most of the accuracy would hide the dependence. Half is a line of "
            "ours, in the middle of the paper's kinds: Rank-10 % keeps 0.09 and 0.13 of the "
            "relative accuracy of Rank-90 % in SFT and distillation, 0.80 in online distillation "
            "and DPO, all of it in RL."
        ),
    ),
    Claim(
        id="P1.8",
        title="The RL update is approximately of low rank",
        text=(
            "A universal approximate low-rank property of the update in RL, which is completely "
            "absent in SFT and DIST."
        ),
        paper_ref=in_paper("§2.3, Appendix C"),
        statistic=lambda m, _: m["effective_rank"] / m["noise_effective_rank"],
        threshold=Threshold(high=LOW),
        formula="mean_m erank(ΔW) / mean_m erank(N), erank(W) = exp(−Σ pᵢ ln pᵢ), pᵢ = σᵢ / Σ σⱼ",
        statistic_label="effective rank over that of Gaussian matrices of the same shapes",
        printed=Printed("no number given", {}),
        curve=PROFILES,
        table="spectrum",
        measurements=(WHOLE,),
        caveat=(
            "The effective rank is the exponential of the entropy of the singular values over "
            "their sum (Roy and Vetterli 2007). The paper draws no line; 'low' is here less than "
            "half of what chance gives. By its own figures the first per cent of the subspaces of "
            "DAPO holds 0.365 of the norm: √(1 − 0.365²) = 0.93 of it is in the others."
        ),
    ),
)
