"""Suites by name, and how a session is typed; from an installed wheel in ``test_distribution``."""

import ast
import shlex
from pathlib import Path

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.invocation import (
    pytest_arguments,
    session_command,
    suite_names,
    typed_command,
)
from tests.processes import ROOT, run_command

PACKAGE = ROOT / "alpharl_bench"


def test_every_folder_of_tests_is_a_suite():
    assert suite_names() == sorted({path.parent.name for path in ROOT.glob("suites/*/test_*.py")})


def test_an_unknown_suite_lists_all():
    with pytest.raises(AlphaRLBenchError, match="did you mean 'property1'") as caught:
        pytest_arguments(["propety1"])
    for name in suite_names():
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "pytest_runs"),
    [
        (["property1", "-k", "qwen3 and dapo"], "suites/property1"),
        (["property1", "behaviour", "--plan"], "suites/behaviour"),
        ([], "suites"),
    ],
)
def test_a_judge_is_remembered_as_it_was_typed(typed, pytest_runs):
    options = [word for word in typed if word not in suite_names()]
    suites = typed[: len(typed) - len(options)]
    arguments = pytest_arguments(suites, options)
    assert str(ROOT / pytest_runs) in arguments
    assert shlex.split(typed_command(arguments)) == ["alpharl-bench", "judge", *typed]


@pytest.mark.parametrize(
    "arguments",
    [["suites/property1", "-k", "qwen3 or glm4"], ["-p", "alpharl_bench.plugin", "my_suites"]],
)
def test_a_session_of_pytest_is_remembered_as_it_was_typed(arguments):
    assert shlex.split(typed_command(arguments)) == ["pytest", *arguments]


def test_a_session_is_typed_as_it_runs_in_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert session_command("property1") == "pytest suites/property1"
    assert session_command() == "pytest suites"
    monkeypatch.chdir(tmp_path)
    assert session_command("property1") == "alpharl-bench judge property1"
    assert session_command() == "alpharl-bench judge"


def test_an_unknown_suite_is_one_line():
    result = run_command("judge", "property9", "-k", "qwen3")
    assert result.returncode == 2
    assert "known: alpharl, behaviour" in result.stderr
    assert result.stderr.count("\n") == 1


def texts(path: Path) -> list[str]:
    """The strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_no_message_writes_a_session_by_itself():
    written = {
        path.relative_to(PACKAGE).as_posix(): text
        for path in PACKAGE.rglob("*.py")
        for text in texts(path)
        if "pytest suites" in text
    }
    assert written == {}
