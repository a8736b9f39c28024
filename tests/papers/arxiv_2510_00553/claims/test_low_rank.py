"""What sets RL apart from other kinds of training: the statistics by hand, the paper's numbers."""

import numpy as np
import pytest

from alpharl_bench.claims.kinds import IMITATION
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.appendix_a import APPENDIX_A, RANKS
from alpharl_bench.papers.arxiv_2510_00553.claims.low_rank import many_minus_few
from alpharl_bench.variants import BASE, FULL, percent


def dependence(base: float, few: float, many: float, full: float) -> float:
    means = {BASE: base, percent(10): few, percent(90): many, FULL: full}
    (value,) = many_minus_few({variant: np.array([a]) for variant, a in means.items()})
    return value


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ((0.2, 0.3, 0.7, 0.7), 0.6),  # 1 of the gain, less twice the fifth of it
        ((0.2, 0.7, 0.7, 0.7), -1.0),  # what RL does: nothing is left for more subspaces
        ((0.2, 0.1, 0.45, 0.7), 0.5),  # a few do harm, which counts as nothing
        ((0.2, 0.0, 0.1, 0.7), -0.2),  # all do harm: many are not needed, they are no use
    ],
)
def test_the_dependence_on_the_rank_by_hand(accuracies: tuple[float, ...], expected: float) -> None:
    assert dependence(*accuracies) == pytest.approx(expected)


@pytest.mark.parametrize("kind", APPENDIX_A)
def test_the_threshold_sets_the_kinds_of_the_paper_apart(kind: str) -> None:
    # The paper prints no base: taken as one that answers nothing, relative accuracies are gains.
    printed = APPENDIX_A[kind].relative_accuracy
    value = dependence(0, printed["Rank-10 %"], printed["Rank-90 %"], 1)
    assert CLAIMS["P1.7"].threshold.holds(value, value) == (kind in IMITATION)
    assert list(printed) == list(RANKS)


def test_the_claim_about_ranks_is_judged_on_imitation_alone() -> None:
    claim = CLAIMS["P1.7"]
    assert claim.judged_on("SFT")
    assert claim.judged_on("distillation")
    assert not claim.contrasts("SFT")
    for kind in ("RL", "self-play", "online distillation", "DPO"):
        assert not claim.judged_on(kind)


@pytest.mark.parametrize(
    "claim", [c for c in CLAIMS.values() if c.kinds is None], ids=lambda c: c.id
)
def test_claims_about_rl_are_judged_on_other_kinds_for_contrast(claim) -> None:
    for kind in ("RL", "self-play", "online distillation", "distillation", "SFT", "DPO"):
        assert claim.judged_on(kind)
        assert claim.contrasts(kind) == (kind not in {"RL", "self-play"})


def test_low_rank_by_hand() -> None:
    means = {"effective_rank": np.array([24.0]), "noise_effective_rank": np.array([96.0])}
    (value,) = CLAIMS["P1.8"].statistic(means, ())
    assert value == pytest.approx(0.25)
    assert CLAIMS["P1.8"].threshold.holds(value, value)
    assert CLAIMS["P1.8"].threshold.fails(0.6, 0.9)


def test_the_printed_tables_are_those_of_the_paper() -> None:
    # Appendix A, read again: three cells of each table.
    assert APPENDIX_A["distillation"].norm == 21.24
    assert APPENDIX_A["DPO"].rank1_percent_fraction == pytest.approx(0.2413)
    assert APPENDIX_A["RL"].rank1_fraction == pytest.approx(0.193)
    assert APPENDIX_A["SFT"].relative_accuracy["Rank-50 %"] == pytest.approx(0.1225)
    assert APPENDIX_A["online distillation"].relative_accuracy["Rank-1"] == pytest.approx(0.564)
    assert set(APPENDIX_A["RL"].relative_accuracy.values()) == {1}
    assert [kind for kind, printed in APPENDIX_A.items() if printed.on_policy] == [
        "online distillation",
        "RL",
    ]
