"""What is judged: a run of the registry, or one that the user names by its folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from alpharl_bench.checkpoints import discover
from alpharl_bench.elsewhere import (
    opened_path,
    opened_release,
    outlook_of_path,
    outlook_of_release,
)
from alpharl_bench.outlook import Outlook
from alpharl_bench.registry import (
    Algorithm,
    Expectation,
    Kind,
    Model,
    Regime,
    Registry,
    Release,
)
from alpharl_bench.scoring.catalogue import GAMES, NANO, PAPER
from alpharl_bench.scoring.prompts import Prompt
from alpharl_bench.training.zoo import OpenedRun, outlook_of_training, trained

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
    teacher add is left out: evaluation rather looks too dear beside it than too cheap. ``outlook``
    tells what is known before it is opened; ``fetched`` whether opening it downloads weights.
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
    outlook: Callable[[], Outlook]
    step_cost: int | None = None
    fetched: bool = False


def lane_subjects(lane: str, registry: Registry) -> list[Subject]:
    """The runs of a lane; opening one trains it, or fetches its base, if the cache lacks it."""
    if lane == "paper":
        return [_released(release, registry) for release in registry.released.values()]
    subjects = []
    for entry in registry.in_lane(lane):
        algorithm = registry.algorithms[entry.algorithm]
        subjects.append(
            Subject(
                name=entry.name,
                selected_by=(*_of_lane(lane), "-k", entry.name),
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
                outlook=partial(outlook_of_training, entry, registry),
                step_cost=_step_cost(algorithm, entry.regime),
            )
        )
    return subjects


def _of_lane(lane: str) -> tuple[str, ...]:
    """The options that choose a lane; pytest takes the lane nano by itself."""
    return () if lane == "nano" else ("--lane", lane)


def _released(release: Release, registry: Registry) -> Subject:
    architecture = registry.architectures[release.model]
    return Subject(
        name=release.name,
        selected_by=(*_of_lane("paper"), "-k", release.name),
        model=release.base or f"step 0 of {release.run}",
        algorithm=release.algorithm,
        kind=release.kind,
        source=f"{release.run} on the Hub. {release.source}",
        deviations=f"Licence: {release.licence or 'none seen'}. Not verified: {release.unverified}",
        seed=None,
        expect=release.expect,
        tasks=release.tasks,
        prompt=None,
        open=partial(opened_release, release),
        outlook=partial(outlook_of_release, release, architecture),
        fetched=True,
    )


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
        open=partial(opened_path, run, base),
        outlook=partial(outlook_of_path, run, base),
    )
