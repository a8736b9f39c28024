"""The tables of results in the documents, from the results that are committed beside them.

    python -m benchmarks.findings

Between ``<!-- findings: NAME -->`` and ``<!-- end -->`` a document has what the function of that
name makes of ``reports/``. Nothing there is typed by hand; a test fails where a document differs.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import typer
from tabulate import tabulate

from alpharl_bench.cache import write_whole
from alpharl_bench.claims.papers import load_papers
from alpharl_bench.printed import read_averages, read_statements
from alpharl_bench.reporting.results import (
    BeyondRecord,
    Bounds,
    PooledRecord,
    Results,
    RunResult,
    VerdictRecord,
    load_results,
)
from alpharl_bench.reporting.tables import runs_taken
from benchmarks import power

ROOT = Path(__file__).parents[1]
#: The report on the nano lane, its tasks that bear, and its control.
_NANO, TASKS, CONTROL = "sample", ("facts", "carry"), "switch"
#: The report on the public model.
_SMOL = "smollm2"
_WIDE = "wide"
_PLACE = re.compile(r"(<!-- findings: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SYMBOL = {
    "supported": "✓",
    "refuted": "✗",
    "inconclusive": "?",
    "not informative": "≈",
    "measured": "·",
}


@cache
def report(name: str) -> Results:
    """The results of a committed report."""
    return load_results(ROOT / "reports" / name)


def verdict(name: str, claim: str, run: str) -> VerdictRecord | None:
    """A verdict of a report, None where the claim was not judged on the run."""
    found = [v for v in report(name).verdicts if (v.claim, v.run) == (claim, run)]
    return found[0] if found else None


def pooled(name: str, claim: str, over: str = "bases", *, beyond: bool = False) -> PooledRecord:
    """A verdict of a report over several runs; ``over`` is how its clusters are named."""
    (found,) = [
        p
        for p in report(name).pooled
        if p.claim == claim and p.over.endswith(over) and p.beyond == beyond
    ]
    return found


def number(value: Bounds | None, digits: int = 3) -> str:
    """As in a table: ``0.933 [0.885, 0.982]``, or the number alone where there is no interval."""
    if value is None:
        return "–"
    if value.low is None or value.high is None:
        return f"{value.estimate:.{digits}f}"
    return f"{value.estimate:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def cell(found: VerdictRecord | PooledRecord | None) -> str:
    """A symbol and a number; empty where nothing was judged."""
    return f"{_SYMBOL[found.outcome]} {number(found.value)}" if found else ""


def asked(name: str, claim: str) -> str:
    """What a claim asks for, and whose line it is."""
    record = report(name).claims[claim]
    low, high = record.threshold.low, record.threshold.high
    parts = [f"≥ {low:g}" if low is not None else "", f"≤ {high:g}" if high is not None else ""]
    return f"{' '.join(filter(None, parts))} ({record.origin.value})"


def by_run(name: str, runs: Sequence[str], claims: Iterable[str] | None = None) -> str:
    """Claims × runs of a report, with what each claim asks for.

    Args:
        name: the report.
        runs: the runs, a column each.
        claims: the claims; by default all that were judged on one of the runs.
    """
    known = report(name)
    judged = {v.claim for v in known.verdicts if v.run in runs}
    rows = [
        [
            f"{claim} {known.claims[claim].title}",
            *(cell(verdict(name, claim, r)) for r in runs),
            asked(name, claim),
        ]
        for claim in (claims or known.claims)
        if claim in judged
    ]
    return tabulate(rows, ["claim", *runs, "asks for"], "github", disable_numparse=True)


def over_runs(name: str, chapter: str) -> str:
    """The claims of a chapter of a report over several runs, by the beginning of their ids."""
    rows = [
        [
            f"{p.claim} {report(name).claims[p.claim].title}",
            f"{p.over}, {runs_taken(p.runs, p.left_out)}"
            + (", beyond the baselines" if p.beyond else ""),
            cell(p),
            asked(name, p.claim),
        ]
        for p in report(name).pooled
        if p.claim.startswith(chapter)
    ]
    return tabulate(rows, ["claim", "over", "ours", "asks for"], "github", disable_numparse=True)


def spread(name: str, claim: str, runs: Iterable[str], digits: int = 2) -> str:
    """The range of a claim's numbers over runs: ``0.93 to 0.98``."""
    values = [v.value.estimate for r in runs if (v := verdict(name, claim, r)) and v.value]
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def counted(name: str, claim: str, runs: Sequence[str]) -> str:
    """How many runs have which outcome: ``refuted on 5, inconclusive on 4 of 9``."""
    outcomes = [v.outcome for r in runs if (v := verdict(name, claim, r))]
    told = [f"{o} on {outcomes.count(o)}" for o in _SYMBOL if o in outcomes]
    return f"{', '.join(told)} of {len(outcomes)}"


def runs_of(name: str, *, kind: str = "RL", containing: str = "") -> list[str]:
    """The runs of a report of one kind of training, by a part of their names."""
    return [run for run, r in report(name).runs.items() if r.kind == kind and containing in run]


def property_1() -> str:
    """Rank-1 of each task over bases: of the accuracy, and of what was learned."""
    parts = []
    for task in TASKS:
        one, beyond = (pooled(_NANO, "P1.1", f"bases of {task}", beyond=of) for of in (False, True))
        parts.append(
            f"`{task}`, over {one.clusters} bases and {len(one.runs)} runs of RL: "
            f"{number(one.value)} of the accuracy, {one.outcome}; of what was learned beyond the "
            f"baselines {number(beyond.value)}, {beyond.outcome}"
        )
    control = [run for run in runs_of(_NANO) if CONTROL in run]
    parts.append(
        f"`{CONTROL}`, the control: {spread(_NANO, 'P1.1', control)} of an accuracy that is all "
        "one token's"
    )
    return ". ".join(parts)


def contrasts() -> str:
    """SFT with RL's prompts, learning rate and steps beside RL: Rank-1 of what was learned."""
    parts = []
    for task in TASKS:
        told = []
        for algorithm in ("grpo", "sft", "rft", "sft-prefix"):
            runs = [
                run
                for run in report(_NANO).runs
                if re.fullmatch(rf"\w+-{task}-{algorithm}(-seed\d+)?", run)
            ]
            values = [v.value for r in runs if (v := _beyond(_NANO, "P1.1", r)) and v.value]
            if values:
                told.append(f"{algorithm} {_range([v.estimate for v in values])} ({len(values)})")
        parts.append(f"`{task}`: {', '.join(told)}")
    return f"share that Rank-1 keeps of what was learned (runs): {'; '.join(parts)}"


def by_base() -> str:
    """What Rank-1 keeps of what was learned, on each base: GRPO's seeds and those of SFT."""
    rows = []
    for task in TASKS:
        bases = {run.rpartition(f"-{task}-")[0] for run in report(_NANO).runs if f"-{task}-" in run}
        for base in sorted(bases):
            shares = {
                algorithm: [
                    v.value.estimate
                    for run in report(_NANO).runs
                    if re.fullmatch(rf"{base}-{task}-{algorithm}(-seed\d+)?", run)
                    and (v := _beyond(_NANO, "P1.1", run))
                    and v.value
                ]
                for algorithm in ("grpo", "sft")
            }
            if all(shares.values()):
                rl, sft = (sum(found) / len(found) for found in shares.values())
                told = (", ".join(f"{x:.2f}" for x in found) for found in shares.values())
                rows.append([f"`{base}-{task}`", *told, f"{rl - sft:.2f}"])
    headers = ["base", "GRPO, a seed each", "SFT, a seed each", "difference of means"]
    return tabulate(rows, headers, "github", disable_numparse=True)


def property_2() -> str:
    """R² over bases, and what of it can be told from nulls."""
    parts = []
    for task in TASKS:
        one = pooled(_NANO, "P2.1", f"bases of {task}")
        nulls = ", ".join(
            f"{name} by {number(control.value)}"
            for name, control in one.controls.items()
            if not control.ceiling
        )
        parts.append(
            f"`{task}`, over {one.clusters} bases: R² is {number(one.value)}, {one.outcome}; it is "
            f"above {nulls}"
        )
    return ". ".join(parts)


def prediction() -> str:
    """The error of the end, predicted from 40 %."""
    parts = []
    for task in TASKS:
        one = pooled(_NANO, "P2.4", f"bases of {task}")
        last = one.controls["last checkpoint, unchanged"]
        parts.append(
            f"`{task}`: the error is {number(one.value)}, {one.outcome}; it differs from that of "
            f"the unchanged checkpoint by {number(last.value)}"
        )
    return ". ".join(parts)


def retention() -> str:
    """AlphaRL of 40 %, in both readings, and what it keeps of what was learned."""
    parts = []
    for task in TASKS:
        runs = [run for run in runs_of(_NANO) if f"-{task}-" in run]
        for claim, words in (("A1", "the text"), ("A1-code", "the authors' code")):
            values = [v.value for r in runs if (v := _beyond(_NANO, claim, r)) and v.value]
            shares = _range([v.estimate for v in values]) if values else "none told"
            parts.append(
                f"`{task}`, by {words}: {spread(_NANO, claim, runs)}, "
                f"{counted(_NANO, claim, runs)}; of what was learned {shares}"
            )
    return ". ".join(parts)


def smol() -> str:
    """The public model: Rank-1 of the accuracy, and of what was learned, over seeds and by run."""
    over = pooled(_SMOL, "P1.1", "smollm2-warm-dapo")
    learned = cell(pooled(_SMOL, "P1.1", "smollm2-warm-dapo", beyond=True))
    parts = [f"dapo (RL) over {over.clusters} seeds {cell(over)}, of what was learned {learned}"]
    for run, result in _sorted(report(_SMOL)):
        if run in over.runs:
            continue
        one, beyond = verdict(_SMOL, "P1.1", run), _beyond(_SMOL, "P1.1", run)
        learned = (
            f"of what was learned {_SYMBOL[beyond.outcome]} {number(beyond.value)}"
            if beyond and beyond.value
            else "nothing told beyond the baselines"
        )
        shown = f"{cell(one)}, {learned}" if one else "not told from its base"
        parts.append(f"{run.removeprefix('smollm2-warm-')} ({result.kind}) {shown}")
    return f"Rank-1 of the accuracy: {'; '.join(parts)}"


def smol_accuracies() -> str:
    """What the public model and its trainings answer, task by task."""
    runs = report(_SMOL).runs
    base = {"base": next(iter(runs.values())).accuracies["base"]}
    models = base | {
        name.removeprefix("smollm2-warm-"): r.accuracies["full"] for name, r in runs.items()
    }
    rows = [["right responses", *(number(m.accuracy) for m in models.values())]]
    tasks = [*base["base"].tasks]
    rows += [[f"`{t}`", *(f"{m.tasks[t]:.2f}" for m in models.values())] for t in tasks]
    return tabulate(rows, ["", *models], "github", disable_numparse=True)


def gains(name: str) -> str:
    """What every run of a report learned: its gain taken apart."""
    rows = [
        [
            run.kind,
            one,
            f"{run.gains.base.estimate:.3f}",
            *(f"{run.gains.parts[part].estimate:.3f}" for part in ("format", "switch")),
            f"{run.gains.parts['sharpening'].estimate:.3f}",
            number(run.gains.parts["beyond"]),
            f"{run.gains.full.estimate:.3f}",
            "yes" if run.gains.told else "no",
            run.gains.strictest,
            "–" if run.gains.exact is None else f"{run.gains.exact:.2f}",
        ]
        for one, run in _sorted(report(name))
        if run.gains is not None
    ]
    headers = ["kind", "run", "base", "+ format", "+ switch", "+ sharpening", "+ beyond"]
    headers += ["= trained", "told", "strictest baseline", "exact steps"]
    return tabulate(rows, headers, "github", disable_numparse=True)


def rank1(name: str) -> str:
    """Rank-1 of every run of a report, and what tells whether it is Rank-1 that loses."""
    rows = []
    for one, run in _sorted(report(name)):
        beyond, full = _beyond(name, "P1.1", one), run.accuracies["full"].accuracy.estimate
        rows.append(
            [
                run.kind,
                one,
                cell(verdict(name, "P1.1", one)),
                f"{_SYMBOL[beyond.outcome]} {number(beyond.value)}" if beyond else "–",
                *(_relative(run, variant, full) for variant in _BESIDE),
                cell(verdict(name, "P1.8", one)),
            ]
        )
    headers = ["kind", "run", "P1.1 Rank-1", "P1.1 beyond the baselines", *_BESIDE.values()]
    headers.append("P1.8 effective rank")
    return tabulate(rows, headers, "github", disable_numparse=True)


def _relative(run: RunResult, variant: str, full: float) -> str:
    known = run.accuracies.get(variant)
    return f"{known.accuracy.estimate / full:.3f}" if known and full else "–"


def _sorted(results: Results) -> list[tuple[str, RunResult]]:
    """The runs by kind, task and name."""
    return sorted(results.runs.items(), key=lambda item: (item[1].kind, item[0].split("-")[1]))


def _beyond(name: str, claim: str, run: str) -> BeyondRecord | None:
    found = verdict(name, claim, run)
    return found.beyond if found else None


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def own_numbers() -> str:
    """How many of the paper's sentences and averages its own numbers contradict."""
    paper = next(iter(load_papers().values()))
    sentences, averages = read_statements(paper.folder), read_averages(paper.folder)
    outcomes = [check.outcome for check in sentences]
    other = sum(outcomes.count(name) for name in ("editorial slip", "depends on a reading"))
    false = sum(check.outcome == "contradicted" for check in averages)
    return (
        f"arithmetic contradicts {outcomes.count('contradicted')} of its {len(sentences)} "
        f"sentences with numbers and {false} of its {len(averages)} averages; {other} more "
        "sentences are slips or depend on a reading"
    )


def readme() -> str:
    """What it found, a row a claim of the paper."""
    rows = [
        ["Property 1: Rank-1 carries 99 % of RL's accuracy", property_1(), _NANO],
        ["… and sets RL apart from SFT", contrasts(), _NANO],
        ["Property 2: Rank-1 moves linearly, R² above 0.9", property_2(), "dynamics"],
        ["Property 2: predicted to 5 %", prediction(), "dynamics"],
        ["AlphaRL at 40 % of the training keeps 96 %", retention(), "alpharl"],
        ["The same on a public model, SmolLM2-135M", smol(), "smollm2"],
        ["The paper's own numbers agree", own_numbers(), "paper"],
    ]
    linked = [[a, b, f"[{name}]({_LINKS[name]})"] for a, b, name in rows]
    return tabulate(linked, ["claim of the paper", "here", "from"], "github")


#: Where a reader of the README finds each report.
_LINKS = {
    "sample": "reports/sample/report.md",
    "smollm2": "docs/smol.md",
    "dynamics": "docs/dynamics.md",
    "alpharl": "docs/alpharl.md",
    "paper": "docs/paper.md",
}


#: Beside Rank-1, relative to the trained model: by the name of the variant.
_BESIDE = {
    "rank-1 unscaled": "not scaled",
    "rank-1 with the rest": "the rest trained",
    "all modules": "all of attention and MLP",
    "random-rank-1 #0": "random direction",
}
_FIRST = ("qwen3-carry-grpo", "qwen3-carry-sft")
#: What stands in the documents, by name.
FINDINGS: dict[str, Callable[[], str]] = {
    "readme": readme,
    "first": lambda: by_run("first", _FIRST),
    "gains": lambda: gains(_NANO),
    "by-base": by_base,
    "behaviour": lambda: by_run(
        _NANO,
        [run for run in report(_NANO).runs if verdict(_NANO, "B1", run)],
        [claim for claim in report(_NANO).claims if claim.startswith("B")],
    ),
    "sample-over-runs": lambda: over_runs(_NANO, "P1"),
    "dynamics-over-runs": lambda: over_runs(_NANO, "P2"),
    "dynamics": lambda: by_run(_NANO, _judged("P2.1"), _claims("P2")),
    "alpharl": lambda: by_run(_NANO, _judged("A1"), _claims("A")),
    "alpharl-over-runs": lambda: over_runs(_NANO, "A"),
    "power": power.table,
    "zoo": lambda: rank1(_NANO),
    "wide-gains": lambda: gains(_WIDE),
    "wide": lambda: rank1(_WIDE),
    "smol-accuracies": smol_accuracies,
    "smol-gains": lambda: gains(_SMOL),
    "smol-rank1": lambda: rank1(_SMOL),
    "smol-over-runs": lambda: over_runs(_SMOL, "P1"),
    "smol": lambda: by_run(_SMOL, [*report(_SMOL).runs]),
}


def _judged(claim: str) -> list[str]:
    return [run for run in report(_NANO).runs if verdict(_NANO, claim, run)]


def _claims(chapter: str) -> list[str]:
    return [claim for claim in report(_NANO).claims if claim.startswith(chapter)]


def written(text: str) -> str:
    """A document with its tables made anew.

    Raises:
        KeyError: it names a table that there is not.
    """
    return _PLACE.sub(lambda m: f"{m[1]}{FINDINGS[m[2]]()}\n{m[3]}", text)


def documents() -> list[Path]:
    """The documents that have such tables."""
    paths = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    return [path for path in paths if _PLACE.search(path.read_text(encoding="utf-8"))]


def main() -> None:
    """Write the tables into the documents."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        write_whole(path, written(text))
        typer.echo(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    typer.run(main)
