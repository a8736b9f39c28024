"""The tables of results in the documents, from the results that are committed beside them.

    python -m benchmarks.findings

Between ``<!-- findings: NAME -->`` and ``<!-- end -->`` a document has what the function of that
name makes of ``reports/``. Nothing there is typed by hand; a test fails where a document differs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import typer
from tabulate import tabulate

from alpharl_bench.cache import write_whole
from alpharl_bench.claims.kinds import IMITATION
from alpharl_bench.claims.papers import load_papers
from alpharl_bench.printed import read_averages, read_statements
from alpharl_bench.reporting.results import (
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


def pooled(name: str, claim: str, over: str = "bases") -> PooledRecord:
    """A verdict of a report over several runs; ``over`` is how its clusters are named."""
    (found,) = [p for p in report(name).pooled if p.claim == claim and p.over.endswith(over)]
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


def over_runs(name: str) -> str:
    """The claims of a report over several runs."""
    rows = [
        [
            f"{p.claim} {report(name).claims[p.claim].title}",
            f"{p.over}, {runs_taken(p.runs, p.left_out)}",
            cell(p),
            asked(name, p.claim),
        ]
        for p in report(name).pooled
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
    """Rank-1 of the sample's runs, over bases and run by run."""
    rl, one = runs_of("sample"), pooled("sample", "P1.1")
    rank1 = {
        kind: spread("sample", "P1.1", runs_of("sample", kind=kind)) for kind in sorted(IMITATION)
    }
    others = ", ".join(f"{kind}'s Rank-1 {found}" for kind, found in rank1.items())
    return (
        f"over {one.over} with {len(one.runs)} runs of RL Rank-1 keeps {number(one.value)} of the "
        f"accuracy: {one.outcome}, by our weaker line of 0.95 {_open(one)}. Run by run: "
        f"{counted('sample', 'P1.1', rl)}. A random direction keeps "
        f"{spread('sample', 'P1.1-control', rl)}, {others}"
    )


def property_2() -> str:
    """R² over bases and over seeds, and what of it can be told from nulls."""
    one, runs = pooled("dynamics", "P2.1"), runs_of("dynamics")
    seeds = [p for p in report("dynamics").pooled if p.claim == "P2.1" and "seeds" in p.over]
    held = sum(p.outcome == "supported" for p in seeds)
    nulls = ", ".join(
        f"{name} by {number(control.value)}"
        for name, control in one.controls.items()
        if not control.ceiling
    )
    return (
        f"over {one.over} R² is {number(one.value)}: {one.outcome}; it is above {nulls}. Over "
        f"three seeds of a recipe: supported for {held} of {len(seeds)}, all of one base and so no "
        f"findings of their own. Run by run it is {spread('dynamics', 'P2.1', runs)}, and "
        f"{_alike('P2.1', runs)}"
    )


def prediction() -> str:
    """The error of the end, predicted from 40 %."""
    one = pooled("dynamics", "P2.4")
    last = one.controls["last checkpoint, unchanged"]
    return (
        f"over {one.over} the error is {number(one.value)}: {one.outcome}; it differs from that of "
        f"the unchanged checkpoint by {number(last.value)}"
    )


def retention() -> str:
    """AlphaRL of 40 %, in both readings."""
    runs = runs_of("alpharl")
    readings = {"A1": "the paper's text", "A1-code": "its authors' code"}
    told = [
        f"by {words} {spread('alpharl', claim, runs)}, {counted('alpharl', claim, runs)}"
        for claim, words in readings.items()
    ]
    return f"on {len(runs)} slow runs of one base it keeps {'; '.join(told)}"


def acceleration() -> str:
    """2.5 times the speed while 0.96 is kept, and against the baselines."""
    runs = runs_of("alpharl")
    told = [
        f"{claim} {counted('alpharl', claim, runs)} ({spread('alpharl', claim, runs)})"
        for claim in ("A4", "A4-code", "A5", "A5-code")
    ]
    return f"the same runs: {'; '.join(told)}"


def smol() -> str:
    """The public model."""
    runs = {"DAPO": "smollm2-dapo", "SFT": "smollm2-sft", "distillation": "smollm2-dist"}
    rank1 = [
        f"{name}'s Rank-1 {cell(verdict('smollm2', 'P1.1', run))}" for name, run in runs.items()
    ]
    of_dapo = [
        f"{claim} {cell(verdict('smollm2', claim, runs['DAPO']))}"
        for claim in ("P1.1-control", "P2.1", "P2.3", "P2.4", "A1", "A5")
    ]
    return f"{', '.join(rank1)}; of DAPO {', '.join(of_dapo)}"


def smol_accuracies() -> str:
    """What the public model and its trainings answer, task by task."""
    runs = report("smollm2").runs
    base = {"base": next(iter(runs.values())).accuracies["base"]}
    models = base | {
        name.removeprefix("smollm2-"): r.accuracies["full"] for name, r in runs.items()
    }
    rows = [["right responses", *(number(m.accuracy) for m in models.values())]]
    tasks = [*base["base"].tasks]
    rows += [[f"`{t}`", *(f"{m.tasks[t]:.2f}" for m in models.values())] for t in tasks]
    return tabulate(rows, ["", *models], "github", disable_numparse=True)


def zoo() -> str:
    """Rank-1, a random direction and the effective rank of every run of the sample."""
    rows = [
        [run.kind, name, *(cell(verdict("sample", claim, name)) for claim in _ZOO)]
        for name, run in sorted(report("sample").runs.items(), key=lambda item: item[1].kind)
    ]
    headers = ["kind", "run", "P1.1 Rank-1", "P1.1-control random direction", "P1.8 effective rank"]
    return tabulate(rows, headers, "github", disable_numparse=True)


def methods() -> str:
    """The accuracy of every forecast of 40 %, of the checkpoint there and of the trained model."""
    runs = report("alpharl").runs
    known = next(iter(runs.values())).accuracies
    step = max(s for s in next(iter(runs.values())).steps if 100 * s <= 40 * _last(runs))
    variants = [f"full @{step}", *(v for v in known if v.endswith(" of 40%")), "full"]
    rows = [
        [variant.removesuffix(" of 40%"), *(_right(run, variant) for run in runs.values())]
        for variant in variants
    ]
    names = [name.removeprefix("qwen3-nano-") for name in runs]
    return tabulate(rows, ["", *names], "github", disable_numparse=True)


def _last(runs: Mapping[str, RunResult]) -> int:
    return next(iter(runs.values())).steps[-1]


def _right(run: RunResult, variant: str) -> str:
    known = run.accuracies.get(variant)
    return f"{known.accuracy.estimate:.3f}" if known else "–"


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
        ["Property 1: Rank-1 carries 99 % of RL's accuracy", property_1(), "sample"],
        ["Property 2: Rank-1 moves linearly, R² above 0.9", property_2(), "dynamics"],
        ["Property 2: predicted to 5 %", prediction(), "dynamics"],
        ["AlphaRL at 40 % of the training keeps 96 %", retention(), "alpharl"],
        [_FASTER, acceleration(), "alpharl"],
        ["The same on a public model, SmolLM2-135M", smol(), "smollm2"],
        ["The paper's own numbers agree", own_numbers(), "paper"],
    ]
    linked = [[a, b, f"[{name}]({_LINKS[name]})"] for a, b, name in rows]
    return tabulate(linked, ["claim of the paper", "here", "from"], "github")


_FASTER = "2.5 times as fast meanwhile (A4), and no forecast is better (A5, not in the paper)"
#: Where a reader of the README finds each report.
_LINKS = {
    "sample": "reports/sample/report.md",
    "smollm2": "docs/smol.md",
    "dynamics": "docs/dynamics.md",
    "alpharl": "docs/alpharl.md",
    "paper": "docs/paper.md",
}


def _open(one: PooledRecord) -> str:
    return {"supported": "it holds", "measured": "it is missed"}.get(str(one.practical), "open")


def _alike(claim: str, runs: Sequence[str]) -> str:
    """How many runs cannot be told from a null, and from which."""
    found = [v for r in runs if (v := verdict("dynamics", claim, r))]
    nulls = [name for v in found for name, c in v.controls.items() if c.alike and not c.ceiling]
    told = ", ".join(f"{nulls.count(name)} from {name}" for name in dict.fromkeys(nulls))
    beyond = sum(v.outcome == "measured" for v in found)
    return f"{beyond} of {len(found)} are beyond all nulls (not told: {told or 'none'})"


_FIRST = ("qwen3-nano-dapo", "qwen3-nano-sft")
_ZOO = ("P1.1", "P1.1-control", "P1.8")
#: What stands in the documents, by name.
FINDINGS: dict[str, Callable[[], str]] = {
    "readme": readme,
    "first": lambda: by_run("first", _FIRST),
    "behaviour": lambda: by_run(
        "sample",
        ["qwen3-nano-dapo", "qwen3-nano-dist", "qwen3-nano-sft"],
        [claim for claim in report("sample").claims if claim.startswith("B")],
    ),
    "sample-over-runs": lambda: over_runs("sample"),
    "dynamics-over-runs": lambda: over_runs("dynamics"),
    "dynamics": lambda: by_run("dynamics", [*report("dynamics").runs]),
    "alpharl": lambda: by_run("alpharl", runs_of("alpharl")),
    "alpharl-over-runs": lambda: over_runs("alpharl"),
    "alpharl-methods": methods,
    "power": power.table,
    "zoo": zoo,
    "smol-accuracies": smol_accuracies,
    "smol": lambda: by_run("smollm2", [*report("smollm2").runs]),
}


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
