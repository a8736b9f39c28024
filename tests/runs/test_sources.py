"""What every source of runs promises: one test each, over all places that a run comes from."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from alpharl_bench.cache import cache_root
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Registry, load_registry
from alpharl_bench.runs.external import ExternalRun
from alpharl_bench.runs.released import ReleasedRun
from alpharl_bench.runs.source import RunSource
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.runs.trained import TrainedRun
from tests.releases import release
from tests.small_hub import Files, SmallHub, forget

WEIGHTS = "model.safetensors"
LANES = ("nano", "smol", "paper")


@dataclass(frozen=True)
class Case:
    """A source, and what is known of it by hand.

    ``known`` is whether its digest can be told before it is opened, ``remote`` which checkpoints
    are on the Hub, ``absent`` the same kind of source of a run that is not there.
    """

    source: RunSource
    steps: tuple[int, ...]
    known: bool
    remote: frozenset[int | None]
    absent: RunSource


def trained(registry: Registry) -> Case:
    entry = registry.run("tiny-grpo")
    wrong = {"config": {**registry.algorithms["grpo"].config, "learning_rat": 1}}
    other = registry.algorithms["grpo"].model_copy(update=wrong)
    without = replace(registry, algorithms={**registry.algorithms, "grpo": other})
    return Case(
        source=TrainedRun(entry, registry),
        steps=(2, 4, 6),
        known=True,
        remote=frozenset(),
        absent=TrainedRun(entry, without),
    )


def folder(files: Files, place: Path) -> Case:
    for name in ("base", "run/checkpoint-3", "run/checkpoint-9"):
        (place / name).mkdir(parents=True)
        for file, content in files.items():
            (place / name / file).write_bytes(content)
    return Case(
        source=ExternalRun(str(place / "run"), str(place / "base")),
        steps=(3, 9),
        known=True,
        remote=frozenset(),
        absent=ExternalRun(str(place / "other"), str(place / "base")),
    )


def hub() -> Case:
    return Case(
        source=ExternalRun("lab/rlvr@step_*", "lab/base"),
        steps=(5, 10, 15),
        known=False,
        remote=frozenset({None, 5, 10, 15}),
        absent=ExternalRun("lab/other@step_*", "lab/base"),
    )


def released() -> Case:
    architecture = load_registry().architectures["qwen3-4b"]
    return Case(
        source=ReleasedRun(release(steps=[5, 15]), architecture),
        steps=(5, 15),
        known=False,
        remote=frozenset({None, 5, 15}),
        absent=ReleasedRun(release(run="lab/other@step_*"), architecture),
    )


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def small_hub(online: SmallHub, model: Files) -> SmallHub:
    online.repos["lab/rlvr"] = {f"step_{step}": model for step in (5, 10, 15)}
    online.repos["lab/base"] = {"main": model}
    return online


@pytest.fixture(params=["trained", "folder", "hub", "released"])
def case(
    request: pytest.FixtureRequest,
    tiny_registry: Registry,
    small_hub: SmallHub,
    model: Files,
    tmp_path: Path,
) -> Case:
    made: dict[str, Callable[[], Case]] = {
        "trained": lambda: trained(tiny_registry),
        "folder": lambda: folder(model, tmp_path / "mine"),
        "hub": hub,
        "released": released,
    }
    return made[request.param]()


def test_what_is_known_beforehand_takes_no_training_and_no_weights(
    case: Case, small_hub: SmallHub
) -> None:
    info = case.source.info()
    assert info.steps == case.steps
    assert info.remote == case.remote
    assert info.cached == frozenset()
    assert info.checkpoint_bytes == info.size.parameters * info.stored > 0
    assert WEIGHTS not in small_hub.fetched
    assert not [*(cache_root() / "runs").glob("[!.]*"), *(cache_root() / "bases").glob("[!.]*")]


def test_the_digest_is_that_of_the_opened_run_where_it_is_known(
    case: Case, small_hub: SmallHub
) -> None:
    before = case.source.digest()
    assert (before is not None) == case.known
    assert case.source.info().digest == before
    assert WEIGHTS not in small_hub.fetched
    opened = case.source.open()
    assert opened.run.steps == case.steps
    if case.known:
        assert opened.digest == before
    forget()
    assert case.source.digest() == case.source.info().digest == opened.digest
    assert case.source.open() == opened


def test_an_opened_run_is_here_with_its_base_and_nothing_is_left_to_train(case: Case) -> None:
    opened = case.source.open()
    assert (opened.run.base / WEIGHTS).is_file()
    info = case.source.info()
    assert info.cached == case.remote & {None}
    assert (info.to_train, info.training, info.wheel) == (0, 0, 0)
    assert (opened.run.final.path / WEIGHTS).is_file()
    assert case.source.info().cached == case.remote & {None, case.steps[-1]}


def test_a_source_is_the_same_in_another_process(case: Case) -> None:
    again = pickle.loads(pickle.dumps(case.source))  # noqa: S301  (written by this line)
    assert again == case.source
    assert again.info() == case.source.info()
    assert again.digest() == case.source.digest()


def test_what_is_not_there_is_a_users_error(case: Case) -> None:
    with pytest.raises(AlphaRLBenchError):
        case.absent.open()


def test_the_digest_of_a_folder_is_of_its_content(model: Files, tmp_path: Path) -> None:
    case = folder(model, tmp_path / "mine")
    before = case.source.digest()
    assert folder(model, tmp_path / "a copy").source.digest() == before
    config = tmp_path / "mine" / "base" / "config.json"
    config.write_bytes(config.read_bytes() + b"\n")
    assert case.source.digest() != before


def test_a_public_run_is_told_from_ones_own() -> None:
    registry = load_registry()
    public = {lane: {run.source.public for run in run_specs(lane, registry)} for lane in LANES}
    assert public == {"nano": {False}, "smol": {False}, "paper": {True}}
    assert not ExternalRun("lab/rlvr@step_*").public
