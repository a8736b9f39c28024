"""Gains that are planted: all format, all switch, all sharpening, or beyond all of these."""

from collections.abc import Sequence

import numpy as np
import pytest

from alpharl_bench.baselines import METHODS
from alpharl_bench.claims import Evidence
from alpharl_bench.claims.gains import PARTS, gains
from alpharl_bench.scoring import Responses, Score
from alpharl_bench.variants import decoded
from tests.evidence import altered, chosen, planted
from tests.scores import score_of

QUESTIONS, SAMPLES = 200, 4
SWITCH = ("first token", "one token", "bias vector")


def marks(right: float, unread: float = 0.0) -> list[str]:
    """The first questions all right, the last unreadable: variants differ where their shares do."""
    first, last = round(right * QUESTIONS), round(unread * QUESTIONS)
    each = ["1"] * first + ["0"] * (QUESTIONS - first - last) + ["-"] * last
    return [mark * SAMPLES for mark in each]


def score(label: str, of: Sequence[str]) -> Score:
    return score_of(label, {"chain": {f"q{i}": mark for i, mark in enumerate(of)}})


def evidence(
    base: Sequence[str],
    full: Sequence[str],
    validated: dict[str, float] | None = None,
    **own: float,
) -> Evidence:
    """Every baseline answers as the base, but for ``own``, by the ways with ``_`` for a space."""
    shares = {name.replace("_", " "): share for name, share in own.items()}
    scores = {"base": score("base", base), "full": score("full", full)}
    for method in METHODS:
        label = decoded(method).label
        scores[label] = score(label, marks(shares[method]) if method in shares else base)
    return planted(
        "mine", (5,), scores, decodings=chosen(**(own if validated is None else validated))
    )


def estimates(given: Evidence) -> dict[str, float]:
    """The parts of the gain."""
    found = gains(given)
    assert found is not None
    assert sum(part.estimate for part in found.parts.values()) == pytest.approx(
        found.full.estimate - found.base.estimate
    )
    return {name: part.estimate for name, part in found.parts.items()}


def test_answers_that_can_be_read_are_format() -> None:
    given = evidence(marks(0.4, unread=0.4), marks(2 / 3))
    assert estimates(given) == pytest.approx(
        {"format": 0.4 / 0.6 - 0.4, "switch": 0, "sharpening": 0, "beyond": 0}, abs=0.005
    )
    assert not gains(given).told


@pytest.mark.parametrize("method", METHODS)
def test_what_one_baseline_does_as_well_is_no_learning(method: str) -> None:
    given = evidence(marks(0.3), marks(0.8), **{method.replace(" ", "_"): 0.8})
    part = METHODS[method].part
    assert part == ("switch" if method in SWITCH else "sharpening")
    assert estimates(given) == pytest.approx({**dict.fromkeys(PARTS, 0), part: 0.5})
    assert not gains(given).told


def test_each_part_is_what_it_adds_to_the_best_before_it() -> None:
    given = evidence(
        marks(0.3, unread=0.25),
        marks(0.9),
        first_token=0.5,
        bias_vector=0.6,
        greedy=0.55,  # less than the switch: it adds nothing
        greedy_bias_vector=0.7,
    )
    assert estimates(given) == pytest.approx(
        {"format": 0.1, "switch": 0.2, "sharpening": 0.1, "beyond": 0.2}
    )
    assert gains(given).told


def test_worse_baselines_take_nothing_off() -> None:
    given = evidence(marks(0.3), marks(0.9), **dict.fromkeys(["first_token", "greedy"], 0.1))
    assert estimates(given) == pytest.approx(
        {"format": 0, "switch": 0, "sharpening": 0, "beyond": 0.6}
    )
    assert gains(given).told


def test_a_baseline_may_do_better_than_the_trained_model() -> None:
    given = evidence(marks(0.3), marks(0.5), bias_vector=0.6)
    assert estimates(given)["beyond"] == pytest.approx(-0.1)
    assert not gains(given).told


def test_it_is_told_only_if_every_difference_is_above_0() -> None:
    """The validation split chose a baseline that is weak where it is reported."""
    chosen_by = {"greedy": 0.9, "bias_vector": 0.2}
    given = evidence(marks(0.3), marks(0.9), chosen_by, greedy=0.4, bias_vector=0.895)
    found = gains(given)
    assert found.strictest == decoded("greedy")
    assert found.bar.estimate == pytest.approx(0.4)
    # One question of 200 more than the bias vector is told of nobody.
    assert not found.told
    assert found.parts["beyond"].low <= 0
    far = gains(evidence(marks(0.3), marks(0.9), chosen_by, greedy=0.4, bias_vector=0.8))
    assert far.told
    assert far.parts["beyond"].low > 0


def test_the_bar_is_the_accuracy_of_readable_responses() -> None:
    given = evidence(marks(0.3), marks(0.9), {"greedy": 0.9})
    scores = {**given.scores, "base, greedy": score("base, greedy", marks(0.4, unread=0.2))}
    found = gains(altered(given, scores=scores))
    assert found.bar.estimate == pytest.approx(0.5)
    assert found.parts["sharpening"].estimate == pytest.approx(0.2)


def test_nothing_readable_is_nothing_right() -> None:
    given = evidence(marks(0, unread=1), marks(0.5))
    assert estimates(given) == pytest.approx(
        {"format": 0, "switch": 0, "sharpening": 0, "beyond": 0.5}
    )
    assert np.isfinite([(part.low, part.high) for part in gains(given).parts.values()]).all()


def test_intervals_are_paired() -> None:
    """Every question that both answer leaves no variance in their difference."""
    found = gains(evidence(marks(0.3), marks(0.8), bias_vector=0.8))
    assert (found.parts["beyond"].low, found.parts["beyond"].high) == (0, 0)
    assert found.full.high - found.full.low > 0.1


def test_the_first_of_several_analyses_is_at_a_higher_confidence() -> None:
    rng = np.random.default_rng(0)

    def by_chance(share: float) -> list[str]:
        return ["".join("01"[int(x)] for x in row) for row in rng.random((200, 4)) < share]

    given = evidence(by_chance(0.3), by_chance(0.6))
    one, first = gains(given), gains(given, (4, 8, 12, 16))
    for part in ("format", "beyond"):
        assert first.parts[part].low <= one.parts[part].low
        assert first.parts[part].high >= one.parts[part].high
    assert first.parts["beyond"].low < one.parts["beyond"].low
    # Accuracies stay at 95 %.
    assert first.full == one.full


def test_the_share_of_exact_solutions_is_that_of_the_trained_model() -> None:
    given = evidence(marks(0.3), marks(0.9))
    assert gains(given).exact is None
    whole = given.scores["full"]
    told = {
        task: {
            name: Responses(marks=r.marks, answers=r.answers, exact="1000")
            for name, r in asked.items()
        }
        for task, asked in whole.responses.items()
    }
    scores = {**given.scores, "full": whole.model_copy(update={"responses": told})}
    assert gains(altered(given, scores=scores)).exact == pytest.approx(0.25)


def test_without_baselines_nothing_is_said() -> None:
    scores = {"base": score("base", marks(0.3)), "full": score("full", marks(0.9))}
    assert gains(planted("mine", (5,), scores)) is None


def test_the_parts_are_told_in_their_order() -> None:
    text = str(gains(evidence(marks(0.3), marks(0.9), greedy=0.5)))
    assert text.startswith("format 0.000 [0.000, 0.000], switch 0.000")
    assert [text.index(part) for part in PARTS] == sorted(text.index(part) for part in PARTS)
