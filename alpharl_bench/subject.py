"""What is judged: a run of the registry, or one that the user names by its folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from alpharl_bench.cache import content_key, file_digest
from alpharl_bench.checkpoints import Checkpoint, Weights, discover, open_run, open_weights
from alpharl_bench.progress import progress_bar
from alpharl_bench.registry import Algorithm, Expectation, Kind, Model, Regime, Registry
from alpharl_bench.scoring.catalogue import GAMES, NANO, PAPER
from alpharl_bench.scoring.prompts import Prompt
from alpharl_bench.training.zoo import OpenedRun, trained

# Of a response of the greatest length: what a forward pass costs to generate it is 1, a forward and
# a backward pass to train on it 3.
_GENERATED, _TRAINED = 1, 3


@dataclass(frozen=True)
class Subject:
    """A run to judge: what the report says about it, and how to get at its checkpoints.

    ``selected_by`` are the options of pytest that name it; ``kind`` is what its claims go by;
    ``seed`` is that of its training, None where it is not known; ``expect`` what is known about its
    claims beforehand. ``tasks`` (or groups of them, as ``--tasks`` names them) and ``prompt`` are
    how it is scored where the options do not say; without a prompt, as its tasks are usually put.
    ``step_cost`` is what a step of its training costs, in generated responses of the greatest
    length, by its recipe; None where that is not known. What dynamic sampling, a critic or a
    teacher add is left out: evaluation rather looks too dear beside it than too cheap.
    """

    name: str
    selected_by: tuple[str, ...]
    model: str
    algorithm: str
    kind: Kind
    source: str
    deviations: str
    seed: int | None
    expect: Mapping[str, Expectation]
    tasks: tuple[str, ...]
    prompt: Prompt | None
    open: Callable[[], OpenedRun]
    step_cost: int | None = None


def lane_subjects(lane: str, registry: Registry) -> list[Subject]:
    """The runs of a lane; opening one trains it if the cache lacks it."""
    subjects = []
    for entry in registry.in_lane(lane):
        algorithm = registry.algorithms[entry.algorithm]
        subjects.append(
            Subject(
                name=entry.name,
                selected_by=("-k", entry.name),
                model=entry.model,
                algorithm=entry.algorithm,
                kind=algorithm.kind,
                source=algorithm.source,
                deviations=registry.models[entry.model].deviations or algorithm.deviations,
                seed=entry.seed,
                expect=entry.expect,
                tasks=_tasks(algorithm, registry.models[entry.model]),
                prompt=_prompt(registry.models[entry.model]),
                open=partial(trained, entry, registry),
                step_cost=_step_cost(algorithm, entry.regime),
            )
        )
    return subjects


def _tasks(algorithm: Algorithm, model: Model) -> tuple[str, ...]:
    """What a recipe of the lane trains for: games, or families of problems."""
    return (GAMES,) if algorithm.measure == GAMES else model.scored_on or (NANO,)


def _step_cost(algorithm: Algorithm, regime: Regime) -> int:
    config = algorithm.config_in(regime)
    batch = config["per_device_train_batch_size"] * config.get("gradient_accumulation_steps", 1)
    # Only trainers that sample take a length for it.
    generated = _GENERATED if "max_completion_length" in config else 0
    return int(batch * (generated + _TRAINED))


def _prompt(model: Model) -> Prompt:
    """As the base was pretrained: in its chat format, or on plain text."""
    return "plain" if model.format == "plain" else "chat"


def path_subject(run: str, base: str | None, kind: Kind | None) -> Subject:
    """A run of the user's own. Opening it fetches what is on the Hub.

    Args:
        run: ``--run``.
        base: ``--base``.
        kind: ``--kind``; RL if it is not said.

    Raises:
        AlphaRLBenchError: there is no run of a known layout.
    """
    found = discover(run)
    return Subject(
        name=found.name,
        selected_by=(
            *("--run", run),
            *(("--base", base) if base else ()),
            *(("--kind", kind) if kind else ()),
        ),
        model=base or "as the run says",
        algorithm="not stated",
        kind=kind or "RL",
        source=f"{found.source}, layout of {found.layout}",
        deviations=found.note,
        seed=None,
        expect={},
        tasks=(PAPER,),
        prompt=None,
        open=partial(_open_path, run, base),
    )


def _open_path(reference: str, base: str | None) -> OpenedRun:
    run = open_run(reference, base)
    weights = open_weights(run.base)
    # Scores depend on the tokenizer and the configs too, not only on the weights.
    beside = sorted((path.name, file_digest(path)) for path in run.base.glob("*.json"))
    checkpoints = {}
    with progress_bar(f"digest {run.name}", len(run.checkpoints), "checkpoint") as bar:
        for checkpoint in run.checkpoints:
            checkpoints[str(checkpoint.step)] = _digest(checkpoint, weights)
            bar.update()
    digest = content_key(base=weights.digest, beside=beside, checkpoints=checkpoints)
    return OpenedRun(run, digest)


def _digest(checkpoint: Checkpoint, base: Weights) -> str:
    if isinstance(checkpoint.location, Path):
        return open_weights(checkpoint.location, base).digest
    # To digest its content, all of it would have to be downloaded.
    return f"{checkpoint.location} {checkpoint.location.commit()}"
