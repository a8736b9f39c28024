"""Where the numbers of a report come from: recipes, digests, versions."""

from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.text import code, plain

_STORED = """\
- Every figure above is a function of `scores.jsonl.zst` and `session.json.zst` beside this file: \
`alpharl-bench report DIR` computes it again. `results.json` has the same data for programs."""


def provenance(judged: Judged) -> str:
    """The section of the report."""
    session = judged.shown
    commands = " and ".join(map(code, session.commands))
    lines = ["## Provenance", "", f"- Session of {plain(session.date)}: {commands}"]
    lines.append(_STORED)
    for run, record in session.runs.items():
        told = f"{record.source}. {record.deviations}"
        lines.append(f"- **{plain(run)}**: {plain(told)}")
        if record.coverage is not None:
            moved = ". ".join(record.coverage.lines())
            lines.append(f"- {plain(run)}, its final update: {plain(moved)}")
    for run, origin in session.provenance.items():
        packages = ", ".join(f"{name} {v}" for name, v in origin.packages.items())
        asked = "all" if origin.questions_per_task is None else origin.questions_per_task
        lines.append(
            f"- {plain(run)}: run digest {code(origin.run_digest)}, questions "
            f"{code(origin.sampling_key)} ({asked} per task, {origin.samples_per_question} samples "
            f"per analysis, seed {origin.seed}, prompt {plain(origin.prompt)}), engine "
            f"{plain(origin.engine)} in {plain(origin.dtype)} on {plain(origin.device)}, batches "
            f"of {origin.batch_size}, tokenizer of the {plain(origin.tokenizer)}; {plain(packages)}"
        )
        lines += [f"    - {plain(note)}" for note in session.notes_of(run)]
    return "\n".join([*lines, ""])
