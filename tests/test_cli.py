import os
import subprocess

import pytest

from alpharl_bench.reporting import Session


def run(*arguments, **variables):
    return subprocess.run(
        ["alpharl-bench", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def test_a_report_is_made_again_from_its_folder(synthetic, tmp_path):
    evidence = {synthetic.name: synthetic.evidence({"base": 0.2, "full": 0.8})}
    claims = {synthetic.name: ["P1.1"]}
    Session.of([synthetic.subject], "pytest", evidence, claims).save(tmp_path)
    result = run("report", str(tmp_path))
    assert result.returncode == 0
    assert (tmp_path / "report.md").is_file()


def test_runs_are_listed():
    result = run("zoo", "list")
    assert result.returncode == 0
    assert "qwen3-nano-dapo" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zoo", "train", "qwen3-nano-gpro"), "did you mean 'qwen3-nano-grpo'?"),
        (("zoo", "build-base", "qwen4-nano", "--out", "x"), "did you mean 'qwen3-nano'?"),
        (("zoo", "build-base", "qwen3-nano", "--out", "/"), "--out /: is there already"),
        (("report", "/nowhere"), "no stored session"),
    ],
)
def test_a_mistake_is_one_line(arguments, message):
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("zoo", "list", ALPHARL_BENCH_CACHE=str(tmp_path / "file" / "cache"))
    assert result.returncode == 2
    assert "ALPHARL_BENCH_CACHE" in result.stderr
    assert "Traceback" not in result.stderr
