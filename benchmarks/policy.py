"""Policy recovery beside the accuracy that it stands for, variant by variant, and the time of both.

    python -m benchmarks.policy qwen3-carry-grpo qwen3-facts-grpo

Every variant that Property 1 compares answers all questions, sampled, and reads the trained model's
own responses once. Of both the part of what training changed that it has: the recovered gain of
accuracy with its interval over questions, and the policy recovery. Their rank correlation says
whether one orders variants as the other does; the ratio of the intervals' widths, what reading
resolves. Both are timed in turn, in one process. Needs the extras `score` and `train`.

The control of a policy recovery is a shift of logits (:mod:`benchmarks.logit_shift`).
"""

import statistics
import time
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from scipy.stats import spearmanr

from alpharl_bench.behaviour import Divergence
from alpharl_bench.behaviour.asking import Asking
from alpharl_bench.bench import Bench, Options
from alpharl_bench.papers.arxiv_2510_00553.claims.policy import POLICY
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.spec import RunSpec, run_specs
from alpharl_bench.scoring import EngineOptions, Sampling, percentile_interval
from alpharl_bench.scoring.bootstrap import degrees_of_freedom, resampling_weights
from alpharl_bench.scoring.catalogue import select
from alpharl_bench.tables.policy import WRITTEN
from alpharl_bench.variants import BASE, FULL, Variant
from benchmarks.logit_shift import recovered_by_shift


def variants(steps: tuple[int, ...]) -> list[Variant]:
    """Those of Property 1 on the last checkpoint, the base and the trained model first."""
    asked = [
        v for claim in POLICY if claim.id.startswith("P1") for v in claim.measurements[0](steps)
    ]
    return list(dict.fromkeys([BASE, FULL, *(v for v in asked if v.step is None)]))


def compared(spec: RunSpec, questions: int, samples: int) -> tuple[pd.DataFrame, float]:
    """A row for each variant of a run, and the policy recovery of a logit shift."""
    prompt = spec.prompt or Sampling.prompt
    tasks = select(",".join(spec.tasks))
    sampling = Sampling(tasks, questions=questions, samples=samples, prompt=prompt)
    bench = Bench(spec, Options(sampling=sampling, engine=EngineOptions()))
    asking = Asking(bench.engine, sampling)
    chains = asking.respond(WRITTEN)
    strata = [question.task for question in asking.questions]
    df, weights = degrees_of_freedom(strata), resampling_weights(strata)
    right: dict[Variant, np.ndarray] = {}
    nats: dict[Variant, np.ndarray] = {}
    taken: dict[Variant, tuple[float, float]] = {}
    for variant in variants(bench.run.steps):
        start = time.perf_counter()
        right[variant] = weights @ bench.engine.score(variant).per_question
        middle = time.perf_counter()
        read = asking.compare(Divergence(variant, WRITTEN), chains)
        taken[variant] = middle - start, time.perf_counter() - middle
        nats[variant] = weights @ np.array([one.estimate for one in read])
    control = recovered_by_shift(asking, bench.engine, chains)
    bench.close()

    def parts(variant: Variant) -> Iterator[tuple[float, float]]:
        gain = right[FULL] - right[BASE]
        for values in ((right[variant] - right[BASE]) / gain, 1 - nats[variant] / nats[BASE]):
            low, high = percentile_interval(values, df)
            yield float(values.mean()), float(high - low)

    rows = []
    for variant in right:
        (gain, wide), (recovery, narrow) = parts(variant)
        rows.append(
            {
                "run": spec.name,
                "variant": variant.label,
                "recovered gain": gain,
                "its interval": wide,
                "policy recovery": recovery,
                "interval": narrow,
                "to sample, s": taken[variant][0],
                "to read, s": taken[variant][1],
            }
        )
    return pd.DataFrame(rows), control


def main(
    runs: list[str],
    questions: Annotated[int, typer.Option(help="Of each task.")] = 60,
    samples: Annotated[int, typer.Option(help="Responses to each question.")] = 8,
) -> None:
    """Print the variants of each run, and a line for each run."""
    known = {
        spec.name: spec for lane in ("nano", "smol") for spec in run_specs(lane, load_registry())
    }
    if missing := [name for name in runs if name not in known]:
        raise typer.BadParameter(f"unknown run {', '.join(missing)}; see `alpharl-bench zoo list`")
    lines = []
    for name in runs:
        found, control = compared(known[name], questions, samples)
        typer.echo(found.to_markdown(index=False, floatfmt=".3f") + "\n")
        others = found[~found.variant.isin([BASE.label, FULL.label])]
        sampled, read = found["to sample, s"], found["to read, s"]
        lines.append(
            {
                "run": name,
                "variants": len(others),
                "rank correlation": spearmanr(others["recovered gain"], others["policy recovery"])[
                    0
                ],
                "median difference": statistics.median(
                    others["policy recovery"] - others["recovered gain"]
                ),
                "interval, sampled / read": (others["its interval"] / others["interval"]).median(),
                "time, sampled / read": sampled.sum() / read.sum(),
                "recovered by a logit shift": control,
            }
        )
    typer.echo(pd.DataFrame(lines).to_markdown(index=False, floatfmt=".2f"))


if __name__ == "__main__":
    typer.run(main)
