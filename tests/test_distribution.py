"""The built wheel and sdist, and a session in an empty folder with the wheel alone."""

import configparser
import re
import shlex
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from alpharl_bench.invocation import suite_names
from alpharl_bench.reporting import load_session
from tests.models import learned_run
from tests.processes import ROOT, run_console_script

IDS = re.compile(r"^\S+::\S.*$", re.MULTILINE)


def sources(folder):
    """The modules of a folder of the repository, by their places in it."""
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")

    def build(source, target):
        command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder]
        subprocess.run(command, cwd=source, check=True, capture_output=True)

    build(ROOT, "sdist")
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    build(source, "wheel")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def site(built, tmp_path_factory):
    """The wheel, unpacked as pip does."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(built[1]) as archive:
        archive.extractall(folder)  # noqa: S202 (it was built above)
    return folder


@pytest.fixture
def typed(site, tmp_path):
    """Type a command in an empty folder of a machine that has the wheel."""

    def command(*words):
        return run_console_script(*words, cwd=tmp_path, PYTHONPATH=site)

    return command


def test_the_index_takes_them(built):
    command = [sys.executable, "-m", "twine", "check", "--strict", *built]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_suites_and_fixtures(built):
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
    wanted = sources("suites") | sources("fixtures")
    assert {f"alpharl_bench/{name}" for name in wanted} <= names
    assert sources("alpharl_bench") <= names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"alpharl_bench", next(top for top in tops if top.endswith(".dist-info"))}


def test_nothing_is_loaded_unasked(site):
    (found,) = site.glob("*.dist-info/entry_points.txt")
    entries = configparser.ConfigParser()
    entries.read(found)
    assert "pytest11" not in entries
    assert "alpharl-bench" in entries["console_scripts"]


def test_a_judge_runs_the_tests_of_the_checkout(typed):
    options = ("-k", "qwen3", "--all-runs", "--collect-only", "-q")
    judged = typed("alpharl-bench", "judge", "property1", *options)
    modules = ("-p", "alpharl_bench.plugin", "--pyargs", "alpharl_bench.suites.property1")
    by_pytest = typed("pytest", *modules, *options)
    assert judged.returncode == by_pytest.returncode == 0, judged.stdout + judged.stderr
    assert IDS.findall(judged.stdout) == IDS.findall(by_pytest.stdout)
    here = run_console_script("pytest", "suites/property1", *options, cwd=ROOT)
    wanted = [one.rpartition("/")[2] for one in IDS.findall(here.stdout)]
    assert len(wanted) > 100
    assert [one.rpartition("/")[2] for one in IDS.findall(judged.stdout)] == wanted


def test_a_suite_without_a_name_is_all_of_them(typed):
    result = typed("alpharl-bench", "judge", "--collect-only", "-q", "-k", "qwen3-facts-dapo")
    found = {Path(one.partition("::")[0]).parent.name for one in IDS.findall(result.stdout)}
    assert found == set(suite_names()) - {"paper_tables"}


def test_an_unknown_suite_lists_the_names(typed):
    result = typed("alpharl-bench", "judge", "property3")
    assert result.returncode == 2
    assert all(name in result.stderr for name in suite_names())
    assert result.stderr.count("\n") == 1


def test_a_run_is_judged_and_its_report_says_how(typed, tmp_path, tmp_path_factory):
    run, base = learned_run(tmp_path_factory.mktemp("learned"))
    words = ("judge", "property1", "--run", run, "--base", base, "-m", "claim(id='P1.6')")
    result = typed("alpharl-bench", *words)
    assert "P1.6 on run: " in result.stdout, result.stdout + result.stderr
    folder = tmp_path / "reports" / "path"
    command = load_session(folder).command
    assert shlex.split(command) == ["alpharl-bench", *map(str, words)]
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "pytest suites" not in report
    (again,) = [line for line in report.splitlines() if line.startswith("alpharl-bench judge -m")]
    repeated = typed(*shlex.split(again), "--collect-only", "-q")
    assert len(IDS.findall(repeated.stdout)) == 1, repeated.stdout + repeated.stderr
