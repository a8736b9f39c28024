"""How long trainings take: by what the cache has of others, else as reckoned for idle cores.

Nothing here imports torch, but for the size of a base that nobody has counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from alpharl_bench.cache import cache_root
from alpharl_bench.formatting import size_text
from alpharl_bench.registry import Model, Registry, RunEntry
from alpharl_bench.runs.bases import bases_of, is_built, parameter_count, pretraining_seconds
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.status import (
    DONE,
    last_step,
    training_record,
    training_status,
    untrained,
)

#: Seconds of one thread per parameter that one response passes, to be drawn or to be trained on;
#: and what a response takes beside its model, in parameters. Fitted by eye to the CPU time of
#: eight steps each of GRPO, DAPO and SFT on qwen3-switch and qwen3-facts; single recipes are up to
#: 40 % off. No whole run was timed on idle cores.
_PACE, _BESIDE = 5e-9, 225_000
#: A match is played turn by turn: a response of self-play takes so many times another one. Of
#: eight steps of qwen3-switch-spiral.
_TURNS = 3
#: A pair of DPO is two responses; not measured.
_PAIR = 2
#: The prompts to which responses are drawn once, before the first step.
_PROMPTS = 6000
_ON_TWO_CORES = "two idle cores"


@dataclass(frozen=True)
class Estimate:
    """What it takes to make a run or a base that is not there.

    Args:
        what: the run, or the base, by its name.
        steps: the steps that are left; 0 for what is fetched.
        seconds: about how long they take; 0 where that is up to a network.
        basis: what this rests on, in words.
        is_run: whether it is a run; runs can be trained side by side.
    """

    what: str
    steps: int
    seconds: float
    basis: str
    is_run: bool = True


def estimates(entries: Sequence[RunEntry], registry: Registry) -> list[Estimate]:
    """What the cache lacks of these runs, their bases and their teachers, in order of making.

    Nothing where all of them are trained.
    """
    lacking = untrained(entries, registry)
    if not lacking:
        return []
    models = {m.name: m for entry in lacking for m in bases_of(entry, registry)}
    known = _known_paces(registry)
    return [
        *(_of_base(model) for model in models.values() if not is_built(model)),
        *(_of_run(entry, registry, known) for entry in lacking),
    ]


def training_work(entry: RunEntry, registry: Registry) -> float:
    """What all steps of a run take: responses times the parameters that each of them passes."""
    algorithm = registry.algorithms[entry.algorithm]
    config = algorithm.config_in(entry.regime)
    batch = config.get("per_device_train_batch_size", 8)
    batch *= config.get("gradient_accumulation_steps", 1)
    # Only trainers that sample take a length for it; a batch may be trained on several times.
    drawn = batch / config.get("num_iterations", 1) if "max_completion_length" in config else 0
    factor = {"dpo": _PAIR, "self-play": _TURNS}.get(algorithm.trainer, 1)
    per_step = factor * (batch + drawn) * _passed(registry.model(entry.model))
    return float(last_step(entry, registry) * per_step)


def _data_work(entry: RunEntry, registry: Registry) -> float:
    """What is drawn before the first step: of the base, or of a teacher of SFT."""
    algorithm = registry.algorithms[entry.algorithm]
    options = algorithm.options_in(entry.regime)
    if count := options.get("samples_per_prompt", 0):
        return float(_PROMPTS * count * _passed(registry.model(entry.model)))
    teacher = registry.teacher(entry)
    if teacher is None or algorithm.trainer != "sft":
        return 0.0
    model = registry.model(teacher.model) if isinstance(teacher, RunEntry) else teacher
    return float(_PROMPTS * _passed(model))


def _passed(model: Model) -> int:
    return parameter_count(model) + _BESIDE


def _known_paces(registry: Registry) -> list[tuple[RunEntry, float]]:
    """Of the cache's runs by today's recipes, each with its seconds per unit of work."""
    found = []
    for path in sorted((cache_root() / "runs").glob(f"[!.]*/{DONE}")):
        record = training_record(path.parent)
        entry = registry.runs.get(record.get("run", ""))
        if entry is None or not record.get("seconds"):
            continue
        if record.get("digest") == run_digest(entry, registry):
            found.append((entry, record["seconds"] / training_work(entry, registry)))
    return found


def _of_base(model: Model) -> Estimate:
    what = f"base {model.name}"
    if model.wheel is not None:
        basis = f"a download of {size_text(model.wheel.size)}"
        return Estimate(what, 0, 0.0, basis, is_run=False)
    if (recipe := model.warm_up) is not None:
        responses = len(recipe.families) * recipe.prompts + recipe.steps * recipe.batch
        seconds = _PACE * responses * _passed(model)
        return Estimate(what, recipe.steps, seconds, _ON_TWO_CORES, is_run=False)
    seconds = pretraining_seconds(model)
    return Estimate(what, model.recipe.steps, seconds, _ON_TWO_CORES, is_run=False)


def _of_run(
    entry: RunEntry, registry: Registry, known: Sequence[tuple[RunEntry, float]]
) -> Estimate:
    recipe = (entry.algorithm, entry.regime)
    alike = [(run, pace) for run, pace in known if (run.algorithm, run.regime) == recipe]
    told_by = alike or known
    done, whole = training_status(entry, registry).step, last_step(entry, registry)
    work = training_work(entry, registry) * (whole - done) / max(1, whole)
    if not done:
        work += _data_work(entry, registry)
    pace = median(pace for _, pace in told_by) if told_by else _PACE
    return Estimate(entry.name, whole - done, pace * work, _basis([run for run, _ in told_by]))


def _basis(runs: Sequence[RunEntry]) -> str:
    if not runs:
        return _ON_TWO_CORES
    return f"as {runs[0].name} took" if len(runs) == 1 else f"as {len(runs)} runs took here"
