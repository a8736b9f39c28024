"""How often a run is told from its baselines when it is as good as one of them, or better.

The claim "it learned something beyond the baselines" is true only if the trained model is better
than every one; where one is as good, being told is an error. Each session is judged by the code
that judges runs, on synthetic questions whose difficulty all models share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpharl_bench.baselines import METHODS, DecodingSelection
from alpharl_bench.claims import Evidence
from alpharl_bench.claims.gains import gains
from alpharl_bench.grading import Mark
from alpharl_bench.scoring import Provenance, Responses, Score
from alpharl_bench.tables.scores import SCORES, Scores
from alpharl_bench.variants import BASE, FULL, decoded
from benchmarks.coverage.settings import alike
from benchmarks.coverage.text import markdown, percent

#: Questions, and samples to each.
DESIGNS = ((360, 2), (150, 8))
_TASK, _TRAINED = "questions", 0.6
_PROVENANCE = Provenance(
    run="synthetic",
    run_digest="",
    sampling_key="",
    tasks=(_TASK,),
    questions_per_task=None,
    samples_per_question=1,
    seed=0,
    prompt="plain",
    engine="hf",
    dtype="float32",
    device="cpu",
    batch_size=1,
    packages={},
)


@dataclass(frozen=True)
class Case:
    """True accuracies of baselines as parts of the trained model's, the base first.

    ``unread`` is the share of the base's responses that cannot be read, which count for no
    baseline: its right responses are a part of the readable ones.
    """

    name: str
    parts: Sequence[float]
    unread: float = 0.0
    false: bool = True


_METHODS = len(METHODS)
CASES = (
    Case("all as good", [1.0] * (1 + _METHODS)),
    Case("one as good, the others at half", [0.5] * _METHODS + [1.0]),
    Case("the base as good, a third unread", [1.0] + [0.5] * _METHODS, unread=1 / 3),
    Case("best 0.10 below", [0.5] * _METHODS + [1 - 0.10 / _TRAINED], false=False),
    Case("best 0.15 below", [0.5] * _METHODS + [1 - 0.15 / _TRAINED], false=False),
)


def told(case: Case, questions: int, samples: int, rng: np.random.Generator) -> bool:
    """Whether one session tells the trained model from every baseline."""
    chances = rng.beta(3, 2, questions)  # of the trained model, 0.6 on average
    names = [BASE, *map(decoded, METHODS)]
    scores = {FULL.label: _score(FULL.label, rng.binomial(1, _rows(chances, samples)), None)}
    for name, part in zip(names, case.parts, strict=True):
        right = rng.binomial(1, _rows(alike(part * chances, rng), samples))
        unread = rng.random(right.shape) < case.unread if name == BASE else None
        scores[name.label] = _score(name.label, right, unread)
    # Settings were chosen on other questions: which was best there says nothing of these.
    selections = tuple(DecodingSelection(method, ("",), (0.0,)) for method in METHODS)
    table = {SCORES.name: Scores(scores=scores, decodings=selections)}
    found = gains(Evidence("synthetic", (1,), table))
    if found is None:
        raise ValueError("baselines were scored")
    return found.told


def tables(repetitions: int = 400) -> list[str]:
    """The share of sessions that tell it, in per cent; of false cases at most 2.5 is meant."""
    rows = []
    for case in CASES:
        rates = []
        for questions, samples in DESIGNS:
            rng = np.random.default_rng([questions, samples, *case.name.encode()])
            found = [told(case, questions, samples, rng) for _ in range(repetitions)]
            rates.append(percent(float(np.mean(found))))
        rows.append([case.name, "false" if case.false else "true", *rates])
    designs = [f"{questions} × {samples}" for questions, samples in DESIGNS]
    return [markdown(rows, ["baselines beside the trained model", "beyond is", *designs])]


def _rows(chances: np.ndarray, samples: int) -> np.ndarray:
    return np.repeat(chances[:, None], samples, axis=1)


def _score(label: str, right: np.ndarray, unread: np.ndarray | None) -> Score:
    marks = np.where(right, Mark.RIGHT, Mark.WRONG)
    if unread is not None:
        marks[unread] = Mark.NO_ANSWER
    asked = {
        str(number): Responses(marks="".join(row), answers=(None,) * len(row))
        for number, row in enumerate(marks)
    }
    return Score(variant=label, responses={_TASK: asked}, provenance=_PROVENANCE)
