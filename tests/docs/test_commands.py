"""Every command and block of data in the documents is one that the project understands."""

import argparse
import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import typer
import yaml
from _pytest.mark.expression import Expression

from alpharl_bench.cli import app
from alpharl_bench.plugin.selection import named_runs
from alpharl_bench.registry import load_registry
from tests.processes import ROOT, run_pytest

REPORTS = [ROOT / "reports" / "sample", ROOT / "reports" / "smollm2"]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(r / "report.md" for r in REPORTS)]
)
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
OURS = ("alpharl-bench ", "pytest ", "python -m benchmarks", "tox ", "pip ")
PARSERS = {"toml": tomllib.loads, "yaml": yaml.safe_load, "json": json.loads}


def commands(text: str) -> Iterator[str]:
    """The command lines of a document: in blocks without a language, and in backticks."""
    blocks = [block.replace("\\\n", " ") for kind, block in BLOCK.findall(text) if not kind]
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [" ".join(found.split()) for found in INLINE.findall(BLOCK.sub("", text))]
    for line in lines:
        for part in line.split("&&"):
            # What becomes of the output is the shell's.
            command = re.split(r"\s[|>]", part)[0].strip()
            if command.startswith(OURS):
                yield command


def of_workflow(path: Path) -> Iterator[str]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    for job in jobs.values():
        for step in job["steps"]:
            yield from commands(f"```\n{step.get('run', '')}\n```")


WRITTEN = sorted(
    {
        (path.relative_to(ROOT).as_posix(), command)
        for path in DOCUMENTS
        for command in commands(path.read_text(encoding="utf-8"))
    }
    | {(path.relative_to(ROOT).as_posix(), c) for path in WORKFLOWS for c in of_workflow(path)}
)


@pytest.fixture(scope="session")
def collected() -> Callable[[str], list[str]]:
    """The tests of all suites on all runs of a lane, by their whole names."""

    @cache
    def of(lane: str) -> list[str]:
        found = run_pytest("--collect-only", "-q", "--all-runs", f"--lane={lane}", "suites")
        assert found.returncode == 0, found.stdout + found.stderr
        return [line for line in found.stdout.splitlines() if "::" in line]

    return of


@pytest.mark.parametrize(("document", "command"), WRITTEN)
def test_a_command_is_understood(document, command, collected, pytestconfig):
    # What may be left out stands in brackets; N is a number.
    whole = re.sub(r"\bN\b", "1", re.sub(r"\[(--[^\]]+)\]", r"\1", command))
    try:
        check(shlex.split(whole, comments=True), collected, pytestconfig)
    except (typer.BadParameter, pytest.UsageError) as error:
        # A folder of the reader's.
        if "is not there" not in str(error):
            raise


def check(words: list[str], collected: Callable[[str], list[str]], config: pytest.Config) -> None:
    program, *rest = words
    if program == "alpharl-bench":
        understood(typer.main.get_command(app), rest)
    elif program == "pytest":
        known, unknown = config._parser.parse_known_and_unknown_args(rest)
        assert not unknown
        for place in known.file_or_dir:
            if known.pyargs:  # Of an installed package, which holds the suites.
                place = place.removeprefix("alpharl_bench.").replace(".", "/")  # noqa: PLW2901
            assert place.startswith("$") or (ROOT / place).exists(), place
        if known.keyword and not (known.run or "tests" in rest):
            places = tuple(place.rstrip("/") for place in known.file_or_dir)
            expression = Expression.compile(known.keyword)
            assert any(
                node.startswith(places)
                and is_judged(node, known)
                and expression.evaluate(lambda word, n=node, **_: word in n)
                for node in collected(known.lane)
            )
    elif program == "python":
        module = import_module(rest[1])
        if hasattr(module, "__path__"):  # a package runs its main module
            module = import_module(f"{rest[1]}.__main__")
        commands = getattr(module, "app", None) or typer.Typer()
        if not hasattr(module, "app"):
            commands.command()(module.main)
        understood(typer.main.get_command(commands), rest[2:])
    elif program == "tox":
        tox = configparser.ConfigParser(interpolation=None)
        tox.read(ROOT / "tox.ini")
        named = rest[rest.index("-e") + 1].split(",")
        assert all(name in environments(tox) for name in named)
    else:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
            "optional-dependencies"
        ]
        assert rest[0] in {"install", "uninstall"}
        for found in re.findall(r"^(?:\.|alpharl-bench)\[(.*)\]$", "\n".join(rest), re.MULTILINE):
            assert set(found.split(",")) <= set(extras)


def is_judged(node: str, known: argparse.Namespace) -> bool:
    """Whether a command line leaves a test in; where it names no run, one of the core."""
    name = node.rsplit("[", 1)[-1].removesuffix("]")
    run = load_registry().runs.get(name)
    return known.all_runs or run is None or run.core or name in named_runs(known.keyword, ())


def environments(tox: configparser.ConfigParser) -> set[str]:
    """Their names; {a,b} in one stands for several."""
    names = set()
    for section in tox.sections():
        start, *choices = re.split(r"\{(.*)\}", section.removeprefix("testenv:"))
        names |= {start + choice for choice in choices[0].split(",")} if choices else {start}
    return names


def understood(command, words: list[str]) -> None:
    """Parse a command line as the program would; a wrong one raises.

    A sentence may speak of a command by its name alone.
    """
    if not words:
        return
    try:
        context = command.make_context("it", list(words), resilient_parsing=False)
    except typer.Exit:
        return  # An option that prints and exits was understood.
    if hasattr(command, "resolve_command"):
        _, inner, rest = command.resolve_command(context, list(words))
        understood(inner, rest)


@pytest.mark.parametrize(
    "wrong",
    [
        "alpharl-bench forecast --run RUN --methods relex",
        "alpharl-bench zoo trains",
        "pytest suites/property9",
        "pytest -p alpharl_bench.plugin --pyargs alpharl_bench.suites.property9",
        "pytest suites --run RUN --sample 3",
        "pytest suites/property1 -k qwen9",
        "pytest suites/property1 -k llama3",  # has no core run
        "pytest suites/property1 --lane paper -k qwen9",
        "python -m benchmarks.forecast --huge",
        "tox -e nothing",
        "tox -e core-py310",
        "pip install -e .[gpu]",
    ],
)
def test_a_wrong_command_is_not(wrong, collected, pytestconfig):
    with pytest.raises((Exception, SystemExit)):
        check(shlex.split(wrong), collected, pytestconfig)


def test_enough_is_tested():
    """A pattern that finds nothing would pass all of this."""
    programs = [command.split()[0] for _, command in WRITTEN]
    assert {start.split()[0] for start in OURS} <= set(programs)
    assert len(WRITTEN) > 60


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_blocks_of_data_parse(path):
    for kind, block in BLOCK.findall(path.read_text(encoding="utf-8")):
        if kind in PARSERS:
            assert PARSERS[kind](block)
