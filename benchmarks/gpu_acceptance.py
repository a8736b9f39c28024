"""Whether what was built and tested without a GPU holds on one: within ten minutes on an H100.

    python -m benchmarks.gpu_acceptance --out DIR

Each step has figures with bounds. `DIR/acceptance.json` and `DIR/acceptance.md` have all of them;
the exit code is 1 where one is outside its bounds or a step failed. It needs no network, no lm-eval
and no vLLM, and 36 GB of disk for two models of 8 billion parameters with random weights. Where
vLLM and lm-eval are, a last step starts them. `python -m benchmarks.gpu_wheels` collects what a
machine lacks.
"""

import json
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import torch
import typer
from tabulate import tabulate

from alpharl_bench.cache import write_whole
from benchmarks.gpu_steps import STEPS, Figure, Setting


def steps() -> dict[str, Callable[[Setting], list[Figure]]]:
    """The steps by name: vLLM's where it is installed."""
    if find_spec("vllm") is None or find_spec("lm_eval") is None:
        return dict(STEPS)
    # Imported here: it is not everywhere.
    from benchmarks.gpu_vllm import by_vllm  # noqa: PLC0415

    return {**STEPS, "by_vllm": by_vllm}


def accepted(setting: Setting) -> dict[str, dict[str, object]]:
    """What each step found, how long it took, and why it failed if it did."""
    found: dict[str, dict[str, object]] = {}
    for name, step in steps().items():
        start, error = time.perf_counter(), ""
        figures: list[Figure] = []
        try:
            figures = step(setting)
        # Whatever a step dies of, the others are worth their figures.
        except Exception as caught:  # noqa: BLE001
            traceback.print_exc()
            error = f"{type(caught).__name__}: {caught}"
        found[name] = {
            "what": (step.__doc__ or "").strip(),
            "seconds": time.perf_counter() - start,
            "error": error,
            "holds": not error and all(figure.holds for figure in figures),
            "figures": [{**asdict(figure), "holds": figure.holds} for figure in figures],
        }
        typer.echo(f"{name}: {'holds' if found[name]['holds'] else 'DOES NOT HOLD'}", err=True)
    return found


def markdown(found: dict[str, dict[str, object]], device: str) -> str:
    """The same for people."""
    rows = []
    for name, step in found.items():
        figures = step["figures"]
        for one in figures if isinstance(figures, list) else []:
            bounds = [f"≤ {one['most']:g}"] if one["most"] is not None else []
            bounds += [f"≥ {one['least']:g}"] if one["least"] is not None else []
            holds = "yes" if one["holds"] else "**no**"
            told = holds if bounds else ""
            rows.append([name, one["name"], f"{one['value']:.4g}", " ".join(bounds), told])
        if step["error"]:
            rows.append([name, str(step["error"]).splitlines()[0], "", "", "**no**"])
    headers = ["step", "figure", "found", "asked for", "holds"]
    seconds = ", ".join(f"{name} {step['seconds']:.0f} s" for name, step in found.items())
    table = tabulate(rows, headers, "github", disable_numparse=True)
    return f"# On {device}\n\n{table}\n\nTime: {seconds}.\n"


def main(out: Annotated[Path, typer.Option(help="Gets the figures.")]) -> None:
    """Run all steps on the GPU, and write what they found."""
    if not torch.cuda.is_available():
        typer.echo("torch sees no GPU here: this is what it would be tried on", err=True)
        raise typer.Exit(2)
    out.mkdir(parents=True, exist_ok=True)
    device = torch.cuda.get_device_name()
    with tempfile.TemporaryDirectory(prefix="gpu-acceptance-") as scratch:
        found = accepted(Setting("cuda", Path(scratch)))
    told = {"device": device, "torch": torch.__version__, "steps": found}
    write_whole(out / "acceptance.json", json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    write_whole(out / "acceptance.md", markdown(found, device))
    raise typer.Exit(0 if all(step["holds"] for step in found.values()) else 1)


if __name__ == "__main__":
    typer.run(main)
