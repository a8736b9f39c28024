"""What a plan says that a claim takes, and what it really takes, on the public model.

    python -m benchmarks.plan

In a cache of its own, which has nothing but the run: the base is fetched and converted, the run's
updates are decomposed and its variants scored. The run must be trained (`alpharl-bench zoo train
smollm2-warm-dapo`). Needs the extra `smol`.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import torch
import typer
from tabulate import tabulate

from alpharl_bench.bench import Bench, Options
from alpharl_bench.cache import CACHE_VARIABLE
from alpharl_bench.claims.papers import find_claim
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.formatting import size_text
from alpharl_bench.plan import cost_of
from alpharl_bench.registry import load_registry
from alpharl_bench.runs import wheel
from alpharl_bench.runs.disk import folder_bytes
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.runs.status import training_status
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.catalogue import select
from alpharl_bench.scoring.hf import SharedPromptLM
from alpharl_bench.tables import union


def main(
    name: Annotated[
        str, typer.Argument(help="A trained run of the lane smol.")
    ] = "smollm2-warm-dapo",
    claims: Annotated[str, typer.Option(help="By their ids.")] = "P1.1 P1.8",
    samples: Annotated[int, typer.Option(help="Of every question.")] = 1,
) -> None:
    """Plan, do it, and print both."""
    registry = load_registry()
    now = training_status(registry.run(name), registry)
    if now.state != "trained":
        raise SystemExit(f"{name} is {now.state}: alpharl-bench zoo train {name}")
    (spec,) = [run for run in run_specs("smol", registry) if run.name == name]
    asked = Options(replace(Sampling.of(select(",".join(spec.tasks))), samples=samples))
    with tempfile.TemporaryDirectory() as cache:
        os.environ[CACHE_VARIABLE] = cache
        judged = [find_claim(claim) for claim in claims.split()]
        info = spec.source.info()
        cost = cost_of(union([requirements_of(c, info.steps) for c in judged]), info, asked)
        runs = Path(cache) / "runs"
        runs.mkdir()
        (runs / now.folder.name).symlink_to(now.folder)
        with _counted() as used:
            bench = Bench(spec, asked)
            bench.evidence(dict.fromkeys(judged, 1))
            bench.close()
        disk = folder_bytes(Path(cache)) + folder_bytes(now.folder)
    # What training takes on the way is gone when the run is whole.
    moments = info.training - (1 + len(info.steps)) * info.checkpoint_bytes
    rows = [
        _row("download", cost.download, used["fetched"], size_text),
        _row("disk, afterwards", cost.disk - moments, disk, size_text),
        _row("tokens that the engine steps through", cost.tokens, used["stepped"], "{:,}".format),
        _row("tokens of responses", cost.tokens, used["written"], "{:,}".format),
    ]
    headers = (f"{claims} on {name}", "planned", "used", "planned / used")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


def _row(
    what: str, planned: int, used: int, text: Callable[[int], str]
) -> tuple[str, str, str, float]:
    return what, text(planned), text(used), planned / used


@contextmanager
def _counted() -> Iterator[dict[str, int]]:
    """Counts bytes that are fetched and tokens that are generated inside the block."""
    used = {"fetched": 0, "stepped": 0, "written": 0}
    fetch, generate = wheel.fetch, SharedPromptLM._model_generate  # noqa: SLF001  (lm-eval has no hook)

    def fetched(*arguments: Any) -> Path:
        path = fetch(*arguments)
        used["fetched"] += path.stat().st_size
        return path

    def generated(self: SharedPromptLM, context: torch.Tensor, *rest: Any, **options: Any) -> Any:
        drawn = generate(self, context, *rest, **options)
        new = drawn[:, context.shape[1] :]
        used["stepped"] += new.numel()
        used["written"] += int((new != self.tokenizer.pad_token_id).sum())
        return drawn

    with (
        patch.object(wheel, "fetch", fetched),
        patch.object(SharedPromptLM, "_model_generate", generated),
    ):
        yield used


if __name__ == "__main__":
    typer.run(main)
