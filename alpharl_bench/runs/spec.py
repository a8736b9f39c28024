"""What is judged: a run of the registry, or one that the user names by its folder."""

from collections.abc import Mapping
from dataclasses import dataclass

from alpharl_bench.registry import (
    Algorithm,
    Expectation,
    Kind,
    Model,
    Regime,
    Registry,
    Release,
    RunEntry,
)
from alpharl_bench.runs.external import ExternalRun
from alpharl_bench.runs.released import ReleasedRun
from alpharl_bench.runs.source import RunSource
from alpharl_bench.runs.trained import TrainedRun
from alpharl_bench.scoring.catalogue import GAMES, NANO, PAPER
from alpharl_bench.scoring.prompts import Prompt

# Of a response of the greatest length: what a forward pass costs to generate it is 1, a forward and
# a backward pass to train on it 3.
_GENERATED, _TRAINED = 1, 3


@dataclass(frozen=True)
class RunSpec:
    """A run to judge: what the report says about it, how it is asked, and where it comes from.

    Args:
        name: the name of the run, one of its own among those that are judged.
        selected_by: the options of pytest that name it.
        model: its base, in words.
        algorithm: the training algorithm, in words.
        kind: the kind of training, which selects its claims.
        origin: the source of its recipe or checkpoints, in words.
        deviations: the deviations from that source, in words.
        seed: the seed of its training, None where it is not known.
        expect: the verdicts that the registry expects.
        tasks: tasks or groups of them, as ``--tasks`` names them, where the options do not say.
        prompt: the default prompt format; None for that of the tasks.
        source: the source of its checkpoints.
        step_cost: what a step of its training costs by its recipe, in generated responses of the
            greatest length; None where that is not known. What dynamic sampling, a critic or a
            teacher add is left out: evaluation rather looks too dear beside it than too cheap.
        core: whether a session judges it that neither names it nor asks for all runs.
    """

    name: str
    selected_by: tuple[str, ...]
    model: str
    algorithm: str
    kind: Kind
    origin: str
    deviations: str
    seed: int | None
    expect: Mapping[str, Expectation]
    tasks: tuple[str, ...]
    prompt: Prompt | None
    source: RunSource
    step_cost: int | None = None
    core: bool = True


def run_specs(lane: str, registry: Registry) -> list[RunSpec]:
    """The runs of a lane; opening one trains it, or fetches its base, if the cache lacks it."""
    if lane == "paper":
        return [_released(release, registry) for release in registry.released.values()]
    return [_trained(entry, lane, registry) for entry in registry.in_lane(lane)]


def spec_of_path(run: str, base: str | None, kind: Kind | None) -> RunSpec:
    """A run of the user's own. Opening it fetches what is on the Hub.

    Args:
        run: ``--run``.
        base: ``--base``.
        kind: ``--kind``; RL if it is not said.

    Raises:
        AlphaRLBenchError: there is no run of a known layout.
    """
    source = ExternalRun(run, base)
    found = source.discover()
    return RunSpec(
        name=found.name,
        selected_by=(
            *("--run", run),
            *(("--base", base) if base else ()),
            *(("--kind", kind) if kind else ()),
        ),
        model=base or "as the run says",
        algorithm="not stated",
        kind=kind or "RL",
        origin=f"{found.source}, layout of {found.layout}",
        deviations="; ".join(found.notes),
        seed=None,
        expect={},
        tasks=(PAPER,),
        prompt=None,
        source=source,
    )


def _trained(entry: RunEntry, lane: str, registry: Registry) -> RunSpec:
    algorithm, model = registry.algorithms[entry.algorithm], registry.models[entry.model]
    return RunSpec(
        name=entry.name,
        selected_by=(*_of_lane(lane), "-k", entry.name),
        model=entry.model,
        algorithm=entry.algorithm,
        kind=algorithm.kind,
        origin=algorithm.source,
        deviations=model.deviations or algorithm.deviations,
        seed=entry.seed,
        expect=entry.expect,
        tasks=_tasks(algorithm, model),
        # As the base was pretrained: in its chat format, or on plain text.
        prompt="plain" if model.format == "plain" else "chat",
        source=TrainedRun(entry, registry),
        step_cost=_step_cost(algorithm, entry.regime),
        core=entry.core,
    )


def _released(release: Release, registry: Registry) -> RunSpec:
    return RunSpec(
        name=release.name,
        selected_by=(*_of_lane("paper"), "-k", release.name),
        model=release.base or f"step 0 of {release.run}",
        algorithm=release.algorithm,
        kind=release.kind,
        origin=f"{release.run} on the Hub. {release.source}",
        deviations=f"Licence: {release.licence or 'none seen'}. Not verified: {release.unverified}",
        seed=None,
        expect=release.expect,
        tasks=release.tasks,
        prompt=None,
        source=ReleasedRun(release, registry.architectures[release.model]),
    )


def _of_lane(lane: str) -> tuple[str, ...]:
    """The options that choose a lane; pytest takes the lane nano by itself."""
    return () if lane == "nano" else ("--lane", lane)


def _tasks(algorithm: Algorithm, model: Model) -> tuple[str, ...]:
    """What a recipe of the lane trains for: games, or families of problems."""
    return (GAMES,) if algorithm.measure == GAMES else model.scored_on or (NANO,)


def _step_cost(algorithm: Algorithm, regime: Regime) -> int:
    config = algorithm.config_in(regime)
    batch = config["per_device_train_batch_size"] * config.get("gradient_accumulation_steps", 1)
    # Only trainers that sample take a length for it.
    generated = _GENERATED if "max_completion_length" in config else 0
    return int(batch * (generated + _TRAINED))
