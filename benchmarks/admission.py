"""Whether a lane bears: whether RL learns there what its base does not do, decoded otherwise.

``python -m benchmarks.admission`` takes the run by GRPO on every base of the nano lane. A base is
admitted where the trained model is better than the best baseline by ``ADMITTED`` at least, the
baselines' settings chosen on other questions; it also prints the accuracy of base and trained model
by class of question, and the share of responses whose steps are all exact.
"""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
import typer

from alpharl_bench.bench import Bench, Options
from alpharl_bench.claims.gains import gains
from alpharl_bench.claims.papers import find_claim
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import Registry, load_registry
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.runs.status import training_status
from alpharl_bench.scoring import Sampling, Score
from alpharl_bench.training.corpora import CORPORA, options_of
from alpharl_bench.variants import BASE, FULL

#: The least margin over the best baseline.
ADMITTED = 0.10


def by_class(score: Score, model: str, registry: Registry) -> dict[str, float]:
    """The accuracy of each class of question."""
    recipe = registry.model(model).recipe
    told = CORPORA[recipe.corpus].class_of
    if told is None:
        return {}
    of = told(options_of(registry.model(model)), registry.model(model).seed)
    found = defaultdict(list)
    for (_, question), right in zip(score.questions, score.per_question, strict=True):
        found[of(question.partition("/")[2])].append(right)
    return {name: float(np.mean(values)) for name, values in sorted(found.items())}


def main() -> None:
    """Print the table."""
    registry = load_registry()
    claim = find_claim("P1.1")
    rows = []
    for spec in run_specs("nano", registry):
        entry = registry.run(spec.name)
        recipe = registry.model(entry.model).pretraining
        if entry.algorithm != "grpo" or entry.seed != 1 or recipe is None:
            continue
        if training_status(entry, registry).state != "trained":
            typer.echo(f"{spec.name}: not trained here, and left out", err=True)
            continue
        tasks = registry.model(entry.model).scored_on or tuple(NANO_FAMILIES)
        sampling = replace(Sampling.of(tasks), prompt=spec.prompt or "plain")
        bench = Bench(spec, Options(sampling))
        evidence = bench.evidence({claim: 1})
        found = gains(evidence)
        if found is None:
            continue
        margin = found.full.estimate - found.bar.estimate
        before, after = (
            by_class(evidence.score(variant), entry.model, registry) for variant in (BASE, FULL)
        )
        rows.append(
            {
                "base": entry.model,
                "base accuracy": f"{found.base.estimate:.3f}",
                "best baseline": f"{found.bar.estimate:.3f} ({found.strictest.method})",
                "trained": f"{found.full.estimate:.3f}",
                "margin": f"{margin:.3f}",
                "beyond": str(found.parts["beyond"]),
                "admitted": "yes" if margin >= ADMITTED and found.told else "no",
                "exact steps": f"{found.exact:.3f}" if found.exact is not None else "–",
                "by class, base → trained": "; ".join(
                    f"{name} {before[name]:.2f} → {after[name]:.2f}" for name in before
                ),
            }
        )
        bench.close()
    typer.echo(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    typer.run(main)
