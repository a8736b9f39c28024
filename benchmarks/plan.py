"""What a plan says that claims take, and what they really take.

    python -m benchmarks.plan
    python -m benchmarks.plan qwen3-carry-grpo --claims "P1.1 P1.2-rank P1.4-best" --samples 2

In a cache of its own, which has nothing but the run: a base from a wheel is fetched and converted,
the run's updates are decomposed and its variants scored. As with `--plan --probe` the base is
scored first, and time and length are reckoned from that. The run must be trained
(`alpharl-bench zoo train RUN`). One of the lane smol needs the extra `smol`.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any
from unittest.mock import patch

import torch
import typer
from tabulate import tabulate

from alpharl_bench.bench import Bench, Options
from alpharl_bench.cache import CACHE_VARIABLE
from alpharl_bench.claims.papers import find_claim
from alpharl_bench.claims.required import baselines_required, requirements_of
from alpharl_bench.formatting import size_text, time_text
from alpharl_bench.plan import Cost, cost_of
from alpharl_bench.registry import load_registry
from alpharl_bench.runs import wheel
from alpharl_bench.runs.disk import folder_bytes
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.runs.status import training_status
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.catalogue import select
from alpharl_bench.scoring.hf import SharedPromptLM
from alpharl_bench.scoring.pace import measured_pace, pace_folder
from alpharl_bench.tables import Requirements, union
from alpharl_bench.variants import BASE


def main(
    name: Annotated[
        str, typer.Argument(help="A trained run of the registry.")
    ] = "smollm2-warm-dapo",
    claims: Annotated[str, typer.Option(help="By their ids.")] = "P1.1 P1.8",
    samples: Annotated[int, typer.Option(help="Of every question.")] = 1,
) -> None:
    """Plan, do it, and print both."""
    registry = load_registry()
    now = training_status(registry.run(name), registry)
    if now.state != "trained":
        raise SystemExit(f"{name} is {now.state}: alpharl-bench zoo train {name}")
    lane = registry.model(registry.run(name).model).lane
    (spec,) = [run for run in run_specs(lane, registry) if run.name == name]
    usual = Sampling.of(select(",".join(spec.tasks)))
    asked = Options(replace(usual, samples=samples, prompt=spec.prompt or usual.prompt))
    with tempfile.TemporaryDirectory() as cache:
        os.environ[CACHE_VARIABLE] = cache
        judged = [find_claim(claim) for claim in claims.split()]
        info = spec.source.info()
        parts = [requirements_of(claim, info.steps) for claim in judged]
        if asked.sampling.has_baselines:
            parts.append(baselines_required(dict.fromkeys(judged, 1), info.steps))
        required = union(parts)
        cost = cost_of(required, info, asked)
        runs = Path(cache) / "runs"
        runs.mkdir()
        (runs / now.folder.name).symlink_to(now.folder)
        with _counted() as used:
            bench = Bench(spec, asked)
            bench.scores({BASE: 1})
            timed = _reckoned(bench, required, info, asked)
            written, begun = used["written"], perf_counter()
            bench.evidence(dict.fromkeys(judged, 1))
            seconds = perf_counter() - begun
            written = used["written"] - written
            bench.close()
        disk = folder_bytes(Path(cache)) + folder_bytes(now.folder)
    # What training takes on the way is gone when the run is whole.
    moments = info.training - (1 + len(info.steps)) * info.checkpoint_bytes
    rows = [
        _row("download", cost.download, used["fetched"], size_text),
        _row("disk, afterwards", cost.disk - moments, disk, size_text),
        _row("tokens that the engine steps through", cost.tokens, used["stepped"], "{:,}".format),
        _row("tokens of responses, greatest", cost.tokens, used["written"], "{:,}".format),
        _row("tokens of responses, expected", timed.expected, written, "{:,.0f}".format),
        _row("time", timed.seconds, seconds, time_text),
    ]
    headers = (f"{claims} on {name}", "planned", "used", "planned / used")
    typer.echo(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def _reckoned(bench: Bench, required: Requirements, info: RunInfo, asked: Options) -> Cost:
    """What is left to do behind the probe, by what that took."""
    pace = measured_pace(pace_folder(bench.spec.model, asked.sampling, asked.engine))
    if pace is None:
        raise SystemExit("the base gave no token")
    known = replace(info, digest=bench.opened.digest, base_digest=bench.base_digest)
    return cost_of(required, known, asked, pace.rate, pace.tokens, pace.rate)


def _row(
    what: str, planned: float, used: float, text: Callable[[Any], str]
) -> tuple[str, str, str, str]:
    return what, text(planned), text(used), f"{planned / used:.2f}" if used else ""


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
