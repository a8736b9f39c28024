"""How long a report takes: of the committed sample, and of a session with many runs.

    python -m benchmarks.report reports/sample              # of what is stored in a folder
    python -m benchmarks.report reports/sample --runs 1000  # of one of its runs, so many times

The many runs are copies of the sample's first RL run under other names, judged by a few claims.
"""

import json
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from alpharl_bench.reporting import write_report
from alpharl_bench.reporting.storage import RESPONSES, SESSION, read_stored, stored, write_stored

_CLAIMS = {"P1.1": 4, "P1.1-control": 4, "P1.6": 0}
_VARIANTS = ("base", "full", "rank-1", "random-rank-1 #0", "random-rank-1 #1", "random-rank-1 #2")


def multiply(sample: Path, runs: int, folder: Path) -> None:
    """Store a session in ``folder`` that has one run of ``sample`` so many times."""
    session = json.loads(read_stored(stored(sample, SESSION)))
    name = next(run for run, record in session["runs"].items() if record["kind"] == "RL")
    record = session["runs"][name] | {"claims": _CLAIMS}
    names = [f"{name}-{i}" for i in range(runs)]
    session["runs"] = dict.fromkeys(names, record)
    write_stored(folder, SESSION, json.dumps(session))
    lines = read_stored(stored(sample, RESPONSES)).splitlines()
    scores = [
        score
        for score in map(json.loads, lines)
        if score["provenance"]["run"] == name and score["variant"] in _VARIANTS
    ]
    copies = []
    for copy in names:
        for score in scores:
            score["provenance"]["run"] = copy
            copies.append(json.dumps(score) + "\n")
    write_stored(folder, RESPONSES, "".join(copies))


def main(
    sample: Annotated[Path, typer.Argument(help="A report folder.")],
    runs: Annotated[int, typer.Option(help="Copies of one run; 0: what is stored.")] = 0,
) -> None:
    """Print the processor's seconds, the memory at its peak, and the size of what was written."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if runs:
            multiply(sample, runs, folder)
        else:
            for name in (SESSION, RESPONSES):
                shutil.copy(stored(sample, name), folder)
        begin = time.process_time()
        write_report(folder)
        seconds = time.process_time() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        typer.echo(f"{seconds:.1f} s of one core, at most {peak:.2f} GiB")
        for path in sorted(folder.glob("*")):
            if path.is_file():
                typer.echo(f"{path.name}: {path.stat().st_size / 1024:,.0f} KiB")
        text = (folder / "report.md").read_text(encoding="utf-8")
        typer.echo(f"report.md: {len(text.splitlines()):,} lines")


if __name__ == "__main__":
    typer.run(main)
