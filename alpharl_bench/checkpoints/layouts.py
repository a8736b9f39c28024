"""Where each trainer puts its checkpoints. To add a trainer is to add one entry to ``LAYOUTS``."""

import re
import shlex
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from alpharl_bench.checkpoints.adapter import ADAPTER_FILES, CONFIG
from alpharl_bench.checkpoints.tensors import WEIGHT_FILES
from alpharl_bench.errors import AlphaRLBenchError

#: How many levels below the folder of a run its step folders may lie (verl: project, experiment).
_DEPTH = 3
_ITSELF = ""


class Tree(Protocol):
    """What is asked of a folder: a ``Path``, or the listing of a repository that is not here."""

    @property
    def name(self) -> str:
        """The last part of its path."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""

    def is_file(self) -> bool:
        """Whether it is a file."""

    def iterdir(self: "T") -> "Iterable[T]":
        """What is in it."""

    def __truediv__(self: "T", key: str, /) -> "T": ...


T = TypeVar("T", bound=Tree)
V = TypeVar("V")


@dataclass(frozen=True)
class Layout:
    """How one trainer names the folder of a step.

    Args:
        name: the trainer.
        pattern: the whole name of a step folder; its one group is the step.
        inside: where in a step folder the weights may lie; the first that holds some is taken.
        note: a remark for users about weights in this layout.
    """

    name: str
    pattern: re.Pattern[str]
    inside: tuple[str, ...] = (_ITSELF,)
    note: str = ""


LAYOUTS = (
    Layout("Hugging Face Trainer, TRL, LlamaFactory", re.compile(r"checkpoint-(\d+)")),
    Layout(
        "verl",
        re.compile(r"global_steps?_(\d+)"),
        # An adapter goes first: beside one, verl's merger writes the untrained base.
        (
            "actor/lora_adapter",
            "actor/huggingface/lora_adapter",
            "actor/huggingface",
            "hf_model",
            "huggingface",
            "actor",
            _ITSELF,
        ),
    ),
    Layout(
        "OpenRLHF",
        re.compile(r"global_step(\d+)_hf"),
        note="OpenRLHF saves the moving average of the weights here if enable_ema was set",
    ),
    Layout("oat, SPIRAL", re.compile(r"step_(\d+)")),
    Layout("one folder per step", re.compile(r"(?:.*-)?step-(\d+)")),
)


@dataclass(frozen=True)
class _Shards:
    """Weights that only their trainer can put together.

    Args:
        name: the name of the format.
        marker: the file or folder that gives them away.
        inside: where in a checkpoint the marker may lie.
        command: the command that merges them, with ``{at}`` for the folder that holds the marker.
    """

    name: str
    marker: str
    inside: tuple[str, ...]
    command: str


_VERL_MERGE = "python -m verl.model_merger merge --backend"
_VERL_PATHS = "--local_dir {at} --target_dir {at}/huggingface"
_SHARDS = (
    _Shards(
        "verl FSDP shards",
        "model_world_size_*_rank_*.pt",
        ("actor", _ITSELF),
        f"{_VERL_MERGE} fsdp {_VERL_PATHS}",
    ),
    _Shards(
        "verl Megatron shards",
        "dist_ckpt",
        ("actor", _ITSELF),
        f"{_VERL_MERGE} megatron {_VERL_PATHS}",
    ),
    _Shards(
        "DeepSpeed ZeRO shards",
        "zero_to_fp32.py",
        (_ITSELF,),
        "python {at}/zero_to_fp32.py {at} {at} --safe_serialization",
    ),
    _Shards(
        "FSDP shards of accelerate",
        "pytorch_model_fsdp_0",
        (_ITSELF,),
        "accelerate merge-weights {at}/pytorch_model_fsdp_0 {at}",
    ),
)


@dataclass(frozen=True)
class StepName:
    """What the name of a step folder (or of a branch, or of a repository) says.

    ``family`` is the name with ``*`` for the step: all checkpoints of one run have the same.
    """

    layout: Layout
    step: int
    family: str


def step_name(name: str) -> StepName | None:
    """Read the name of a step folder; None if it is none."""
    for layout in LAYOUTS:
        if match := layout.pattern.fullmatch(name):
            return StepName(
                layout, int(match[1]), f"{name[: match.start(1)]}*{name[match.end(1) :]}"
            )
    return None


@dataclass(frozen=True)
class Found(Generic[V]):
    """The checkpoints of one run.

    Args:
        layout: the layout that was recognised.
        note: see :class:`Layout`.
        container: the folder in which the step folders lie.
        checkpoints: the folder with the weights of each step, ascending.
    """

    layout: str
    note: str
    container: V
    checkpoints: Mapping[int, V]


def find_in(path: Path) -> Found[Path] | None:
    """The checkpoints of a folder, or of those of one name in it (``DIR/name-step-*``).

    Returns:
        None if neither the folder nor anything of that name is there.

    Raises:
        AlphaRLBenchError: see :func:`find_checkpoints`.
    """
    if path.is_dir():
        return find_checkpoints(path)
    if "*" in path.name and any(path.parent.glob(path.name)):
        return find_checkpoints(path.parent, family=path.name)
    return None


def find_checkpoints(folder: T, family: str | None = None) -> Found[T]:
    """The checkpoints in a folder, or up to three levels below it; or the one that it is itself.

    Args:
        folder: the folder to search.
        family: take only step folders that are named so, as ``checkpoint-*``.

    Raises:
        AlphaRLBenchError: there are none, or those of several runs, or two of one step; one has no
            weights or only shards that must be merged first.
    """
    named = step_name(folder.name)
    containers = [folder] if family else _containers(folder, 0 if named else _DEPTH)
    if len(containers) > 1:
        listed = ", ".join(map(str, containers))
        raise AlphaRLBenchError(f"{folder}: holds several runs: {listed}; name one of them")
    if not containers:
        return _single(folder, named)
    (container,) = containers
    steps = one_run({path.name: path for path in _subfolders(container)}, f"{container}/", family)
    layout = next(iter(steps.values()))[0].layout
    weights = {step: _weights_in(path, layout) for step, (_, path) in steps.items()}
    for step, found in weights.items():
        if found is None:
            raise _without_weights(steps[step][1])
    return Found(
        layout.name,
        layout.note,
        container,
        {step: found for step, found in weights.items() if found is not None},
    )


def one_run(
    named: Mapping[str, V], where: str, family: str | None = None
) -> dict[int, tuple[StepName, V]]:
    """Those of some things by name that are the steps of one run, ascending by step.

    Args:
        named: the things.
        where: what the names are to be appended to, as ``DIR/``.
        family: take those of this family alone.

    Raises:
        AlphaRLBenchError: there are none in ``family``, the names are those of several runs, or two
            have the same step.
    """
    read = {name: step for name in sorted(named) if (step := step_name(name))}
    families = sorted({step.family for step in read.values()})
    if family is None and len(families) > 1:
        raise AlphaRLBenchError(
            f"{where}: holds the steps of several runs: {', '.join(families)}; name one, as "
            f"'{where}{families[0]}'"
        )
    steps: dict[int, tuple[StepName, V]] = {}
    names: dict[int, str] = {}
    for name, step in read.items():
        if family not in {None, step.family}:
            continue
        if step.step in steps:
            raise AlphaRLBenchError(
                f"{where}: {names[step.step]} and {name} are the same step; remove one of them"
            )
        names[step.step], steps[step.step] = name, (step, named[name])
    if family is not None and not steps:
        raise AlphaRLBenchError(f"{where}: nothing here is named as the steps {family}")
    return dict(sorted(steps.items()))


def holds_weights(folder: Tree) -> bool:
    """Whether a folder holds the weights of a model, or an adapter."""
    return holds_model(folder) or (
        (folder / CONFIG).is_file() and any((folder / name).is_file() for name in ADAPTER_FILES)
    )


def holds_model(folder: Tree) -> bool:
    """Whether a folder holds the weights of a whole model."""
    return any((folder / name).is_file() for name in WEIGHT_FILES)


def _containers(folder: T, depth: int) -> list[T]:
    """The folders with step folders in them; below such a folder nothing more is looked for.

    Level by level, and no folder twice, however many links lead to it.
    """
    found: list[T] = []
    level, seen = [folder], {_real(folder)}
    for _ in range(depth + 1):
        below: dict[Hashable, T] = {}
        for at in level:
            inside = _subfolders(at)
            if any(step_name(path.name) for path in inside):
                found.append(at)
            else:
                for path in inside:
                    below.setdefault(_real(path), path)
        level = [path for real, path in below.items() if real not in seen]
        seen |= below.keys()
    return found


def _real(folder: Tree) -> Hashable:
    """What two folders have in common if one is a link to the other; the Hub has no such links."""
    return folder.resolve() if isinstance(folder, Path) else object()


def _subfolders(folder: T) -> list[T]:
    try:
        inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        return sorted((path for path in inside if path.is_dir()), key=lambda path: path.name)
    except PermissionError:
        return []


def _single(folder: T, named: StepName | None) -> Found[T]:
    weights = _weights_in(folder, named.layout) if named else _weights_in(folder, None)
    if weights is not None:
        return Found("one checkpoint", "", folder, {named.step if named else 1: weights})
    if named or _shards_of(folder):
        raise _without_weights(folder)
    known = ", ".join(f"{layout.pattern.pattern} ({layout.name})" for layout in LAYOUTS)
    raise AlphaRLBenchError(
        f"{folder}: holds neither weights nor, up to {_DEPTH} levels below, step folders; those "
        f"are named {known}"
    )


def _weights_in(folder: T, layout: Layout | None) -> T | None:
    places = layout.inside if layout else (_ITSELF,)
    return next((path for place in places if holds_weights(path := folder / place)), None)


def _without_weights(folder: Tree) -> AlphaRLBenchError:
    if found := _shards_of(folder):
        shards, at = found
        command = shards.command.format(at=shlex.quote(str(at)))
        return AlphaRLBenchError(f"{folder}: holds {shards.name}; merge them with `{command}`")
    return AlphaRLBenchError(
        f"{folder}: no weights in this checkpoint; remove the folder or finish saving it"
    )


def _shards_of(folder: T) -> tuple[_Shards, T] | None:
    for shards in _SHARDS:
        for place in shards.inside:
            at = folder / place
            if at.is_dir() and any(fnmatch(path.name, shards.marker) for path in at.iterdir()):
                return shards, at
    return None
