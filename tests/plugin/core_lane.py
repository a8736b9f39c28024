"""A plugin for sessions of tests, ``-p tests.plugin.core_lane``: six runs, two of which are core.

One of its bases ships, the other would have to be pretrained. No test is run to its verdict, so
nothing is trained.
"""

import pytest

from alpharl_bench.plugin import options
from alpharl_bench.registry import Registry, RunEntry, load_registry

#: The base that does not ship.
TINY = "tiny"
CORE = ("qwen3-switch-grpo", "tiny-sft")
#: One is a repetition of a core run, one has a longer name than another.
OTHERS = ("qwen3-switch-grpo-seed2", "qwen3-switch-dapo", "tiny-grpo", "tiny-sft-prefix")


def small_lane() -> Registry:
    """Six runs by recipes of the package, on a base that ships and on another of its shape."""
    known = load_registry()
    shipped = known.model("qwen3-switch")
    models = {m.name: m for m in (shipped, shipped.model_copy(update={"name": TINY}))}
    runs = {name: _entry(name) for name in (*CORE, *OTHERS)}
    return Registry(models, known.algorithms, runs, known.released, known.architectures)


def _entry(name: str) -> RunEntry:
    model = TINY if name.startswith(TINY) else "qwen3-switch"
    algorithm, _, seed = name.removeprefix(f"{model}-").partition("-seed")
    return RunEntry(
        name=name,
        model=model,
        algorithm=algorithm,
        regime="quick",
        seed=int(seed or 1),
        core=name in CORE,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Of this session alone: tests import this module too."""
    options.load_registry = small_lane


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    pytest.skip("not judged here")
