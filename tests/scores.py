"""Scores with chosen marks, for tests of what is made from them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alpharl_bench.claims import Evidence
from alpharl_bench.papers import find_claim
from alpharl_bench.reporting import Measured, Session, load_session, markdown
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.results import RESULTS, Results
from alpharl_bench.reporting.storage import RESPONSES, SESSION, read_stored, stored, write_stored
from alpharl_bench.runs.spec import RunSpec
from alpharl_bench.scoring import Provenance, Responses, Score
from alpharl_bench.scoring.sequential import planned_samples

PROVENANCE = Provenance(
    run="mine",
    run_digest="0123456789abcdef",
    sampling_key="fedcba9876543210",
    tasks=("addition", "chain"),
    questions_per_task=10,
    samples_per_question=4,
    seed=0,
    prompt="plain",
    engine="hf",
    dtype="float32",
    device="cpu",
    batch_size=1024,
    packages={"torch": "2.13.0"},
)


def responses(marks: str) -> Responses:
    """Right responses give one answer, wrong ones another each, the rest none."""
    answers = {"1": lambda _: "gold", "0": lambda i: f"wrong {i}"}
    return Responses(
        marks=marks,
        answers=tuple(answers.get(mark, lambda _: None)(i) for i, mark in enumerate(marks)),
    )


def score_of(variant: str, marks: Mapping[str, Mapping[str, str]], **provenance: Any) -> Score:
    """A score from the marks of every question of every task."""
    return Score(
        variant=variant,
        responses={
            task: {question: responses(given) for question, given in asked.items()}
            for task, asked in marks.items()
        },
        provenance=PROVENANCE.model_copy(update=provenance),
    )


def session_of(
    specs: Sequence[RunSpec],
    evidence: Mapping[str, Evidence],
    claims: Mapping[str, Sequence[str]],
    command: str = "pytest",
    looks: int = 1,
) -> Session:
    """A session that judged claims of each run by all of its evidence."""
    measured = []
    for spec in specs:
        known = evidence[spec.name]
        judged = {
            c: known.samples if find_claim(c).needs_generation else 0 for c in claims[spec.name]
        }
        measured.append(
            Measured(spec, known, judged, ("--samples", "4"), planned_samples(4, looks))
        )
    return Session.of(measured, command)


def stored_session(folder: Path) -> dict[str, Any]:
    """What ``folder`` holds of a session beside its scores, as JSON."""
    session: dict[str, Any] = json.loads(read_stored(stored(folder, SESSION)))
    return session


def stored_scores(folder: Path) -> list[dict[str, Any]]:
    """The scores that ``folder`` holds, as JSON."""
    return [*map(json.loads, read_stored(stored(folder, RESPONSES)).splitlines())]


def store_session(folder: Path, session: Mapping[str, Any]) -> None:
    """Put another session in the place of the stored one."""
    write_stored(folder, SESSION, json.dumps(session))


def store_scores(folder: Path, scores: Sequence[Mapping[str, Any]]) -> None:
    """Put other scores in the place of the stored ones."""
    write_stored(folder, RESPONSES, "".join(json.dumps(score) + "\n" for score in scores))


def write_results(folder: Path) -> None:
    """Only ``results.json`` of a stored session: the figures of a report take seconds."""
    results = Results.of(Judged.of(load_session(folder)))
    (folder / RESULTS).write_text(results.model_dump_json())


def report_text(folder: Path) -> str:
    """Only the text of ``report.md`` of a stored session, likewise."""
    return markdown.report(Judged.of(load_session(folder)))
