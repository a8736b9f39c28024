"""The command line options of the suites."""

import argparse
from pathlib import Path
from typing import get_args

import pytest

from alpharl_bench.registry import Lane
from alpharl_bench.scoring import Sampling


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options in a group of their own."""
    group = parser.getgroup(
        "alpharl-bench",
        "judging claims about RL weight dynamics (with pytest's own --strict every refuted claim "
        "fails, also those that the registry knows of)",
    )
    group.addoption(
        "--lane", choices=get_args(Lane), default="nano", help="where the runs come from (nano)"
    )
    group.addoption(
        "--questions",
        type=_at_least(1),
        default=Sampling.questions,
        metavar="N",
        help=f"questions per task ({Sampling.questions})",
    )
    group.addoption(
        "--samples",
        type=_at_least(1),
        default=Sampling.samples,
        metavar="K",
        help=f"sampled responses per question ({Sampling.samples})",
    )
    group.addoption(
        "--seed",
        type=_at_least(0),
        default=Sampling.seed,
        metavar="S",
        help=f"which questions are drawn, and the sampling of responses ({Sampling.seed})",
    )
    group.addoption(
        "--report",
        type=Path,
        metavar="DIR",
        help="folder of the report and its stored scores (reports/<lane>)",
    )


def sampling(config: pytest.Config) -> Sampling:
    """The sampling that the options ask for."""
    return Sampling(
        config.getoption("questions"), config.getoption("samples"), config.getoption("seed")
    )


def report_folder(config: pytest.Config) -> Path:
    """Where the report goes."""
    named: Path | None = config.getoption("report")
    return named or config.rootpath / "reports" / config.getoption("lane")


class _at_least:  # noqa: N801  (argparse prints the name of the type)
    """An option's value: a whole number that is not below a bound."""

    def __init__(self, bound: int) -> None:
        self._bound = bound

    def __call__(self, text: str) -> int:
        if not text.lstrip("-").isdecimal() or int(text) < self._bound:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not a whole number of at least {self._bound}"
            )
        return int(text)
