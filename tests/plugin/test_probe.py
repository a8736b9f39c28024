"""`--plan --probe`: a plan reckons with what the base's responses took on this machine."""

import re

import pytest

from tests.models import learned_run
from tests.processes import run_pytest


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    run, base = learned_run(tmp_path_factory.mktemp("learned"))
    asked = ("--tasks=addition", "--questions=10", "--samples=2", "--max-tokens=12")
    return ("suites/property1", f"--run={run}", f"--base={base}", *asked, "-m", "claim(id='P1.1')")


def rows(text):
    return {
        cells[0]: cells[1:]
        for line in text.splitlines()
        if line.startswith("| ")
        and (cells := [cell.strip() for cell in line.strip("|").split("|")])
    }


def test_what_the_base_took_is_reckoned_with_and_kept(command, tmp_path):
    cache = {"ALPHARL_BENCH_CACHE": tmp_path}
    plan = run_pytest(*command, "--plan", **cache)
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert rows(plan.stdout)["claim"][-1] == "GPU-hours ≈"
    assert not (tmp_path / "scores").exists()

    probed = run_pytest(*command, "--plan", "--probe", **cache)
    assert probed.returncode == 0, probed.stdout + probed.stderr
    assert len(list((tmp_path / "scores").glob("*/*.json"))) == 1
    found = rows(probed.stdout)
    assert found["claim"][-1] == "time ≈"
    # One of the scores is there by now.
    assert found["P1.1"][4] == f"{int(rows(plan.stdout)['P1.1'][4]) - 1} of 37"
    (mean,) = re.findall(r"reckoned with ([\d.]+) tokens to a response", probed.stdout)
    most, expected = map(float, found["P1.1"][6:8])
    assert expected / most == pytest.approx(float(mean) / 12, rel=0.02)
    assert "as measured here on 1 score of this model" in probed.stdout

    # A second time nothing is asked again, and what is told of the rate goes before.
    again = run_pytest(*command, "--plan", "--probe", "--tokens-per-second=100", **cache)
    assert rows(again.stdout)["claim"][-1] == "GPU-hours ≈"
    assert len(list((tmp_path / "scores").glob("*/*.json"))) == 1


def test_a_run_that_is_not_trained_is_not_asked(tmp_path):
    result = run_pytest(
        *("suites/property1", "-k", "qwen3-facts-grpo and recovers", "--plan", "--probe"),
        ALPHARL_BENCH_CACHE=tmp_path,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "--probe: qwen3-facts-grpo is not trained yet; its base is not asked" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_without_a_plan_it_is_refused():
    result = run_pytest("suites/property1", "-k", "qwen3-facts-grpo", "--probe")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--probe: requires --plan" in result.stdout + result.stderr
