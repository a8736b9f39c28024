"""The command line options of the suites."""

import argparse
from pathlib import Path
from typing import get_args

import pytest

from alpharl_bench.device import DEVICES, resolved_device
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Lane, load_registry
from alpharl_bench.scoring import Sampling
from alpharl_bench.subject import Subject, lane_subjects, path_subject

# Found once a session: every test asks for them, and a run on the Hub costs a request each time.
_SUBJECTS = pytest.StashKey[list[Subject]]()


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
        "--run",
        metavar="REF",
        help="judge this run instead: a folder of checkpoints of any trainer, or org/name on the "
        "Hub (`alpharl-bench doctor REF` tells what is there)",
    )
    group.addoption(
        "--base",
        metavar="REF",
        help="the model that --run started from: a folder, org/name or org/name@revision",
    )
    group.addoption(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where updates are decomposed (auto: cuda if there is one)",
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


def subjects(config: pytest.Config) -> list[Subject]:
    """The runs to judge: the one of ``--run``, or those of the lane.

    Raises:
        AlphaRLBenchError: the registry is damaged, or there is no run where ``--run`` points.
    """
    if _SUBJECTS not in config.stash:
        config.stash[_SUBJECTS] = _find_subjects(config)
    return config.stash[_SUBJECTS]


def _find_subjects(config: pytest.Config) -> list[Subject]:
    run, base = config.getoption("run"), config.getoption("base")
    if run:
        return [path_subject(run, base)]
    if base:
        raise AlphaRLBenchError(f"--base {base}: goes with --run REF")
    return lane_subjects(config.getoption("lane"), load_registry())


def device(config: pytest.Config) -> str:
    """The device that ``--device`` names."""
    return resolved_device(config.getoption("device"))


def report_folder(config: pytest.Config) -> Path:
    """Where the report goes."""
    named: Path | None = config.getoption("report")
    lane = "path" if config.getoption("run") else config.getoption("lane")
    return named or config.rootpath / "reports" / lane


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
