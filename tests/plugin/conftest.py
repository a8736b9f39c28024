"""Options that a session refuses, typed without starting one."""

from collections.abc import Callable
from contextlib import chdir
from types import SimpleNamespace
from typing import Any

import pytest

from alpharl_bench.plugin import collection
from tests.processes import ROOT


@pytest.fixture
def typed(pytestconfig: pytest.Config) -> Callable[..., Any]:
    """What the plugin's hooks see of a command line, as this session's own parser reads it."""

    def config(*words: str) -> Any:
        given = vars(pytestconfig._parser.parse(["suites/property1", *words]))
        return SimpleNamespace(
            stash=pytest.Stash(),
            invocation_params=SimpleNamespace(args=words),
            getoption=lambda name, default=None: given.get(name, default),
        )

    return config


@pytest.fixture
def refusal(typed: Callable[..., Any]) -> Callable[..., str]:
    """The line by which the parser, or the plugin's first hook, ends a session."""

    def line(*words: str) -> str:
        with chdir(ROOT), pytest.raises(pytest.UsageError) as raised:
            collection.pytest_configure(typed(*words))
        return str(raised.value)

    return line
