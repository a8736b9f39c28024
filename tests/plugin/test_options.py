"""The suites of this repository, typed as a user types them, wrongly."""

from dataclasses import replace

import pytest

from alpharl_bench.papers.arxiv_2510_00553.claims import PROPERTY1
from alpharl_bench.plugin.options import options, reproducing
from alpharl_bench.plugin.terminal import SessionReport
from tests.processes import run_pytest


def suites(*options, path="suites/property1", **variables):
    return run_pytest(path, *options, **variables)


def test_help_has_a_group_of_its_own():
    text = suites("--help").stdout
    group = text.split("judging claims about RL weight dynamics")[1]
    for option in ("--lane", "--questions", "--samples", "--seed", "--report"):
        assert option in group


def test_every_claim_is_judged_on_every_run():
    text = suites(
        "--collect-only", "-q", "-k", "not slow and (qwen3-facts-dapo or qwen3-facts-sft)"
    ).stdout
    names = [line for line in text.splitlines() if "::" in line]
    for run, kind in (("qwen3-facts-dapo", "RL"), ("qwen3-facts-sft", "SFT")):
        judged = sum(claim.judged_on(kind) for claim in PROPERTY1)
        assert sum(f"[{run}]" in name for name in names) == judged
    # One claim is about imitation only.
    assert len(names) == 2 * len(PROPERTY1) - 1


def test_a_claim_and_the_words_of_a_run_select_one_test():
    text = suites(
        *("--collect-only", "-q", "--all-runs"),
        *("-m", "claim(id='P1.5-peak')", "-k", "dapo and llama3 and facts"),
    ).stdout
    (name,) = [line for line in text.splitlines() if "::" in line]
    assert "test_the_best_scale" in name
    assert name.endswith("[llama3-facts-dapo]")


def test_what_an_engine_cannot_score_is_skipped_with_the_engine_that_can(tmp_path):
    result = suites(
        *("-rs", "-m", "claim(id='A5-logits')", "-k", "qwen3-facts-grpo and not slow"),
        *("--engine", "vllm", "--report", tmp_path),
        path="suites/alpharl",
    )
    assert "A5-logits takes --engine hf: vllm cannot score its variants" in result.stdout
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        (
            ["-k", "smollm2-warm-dapo", "--lane", "smol"],
            "suites/property1/test_rank_dependence.py",
            "no claim of what was named before it is judged on that run",
        ),
        (["-k", "qwen3-nanno", "-n", "1"], "suites/property1", "did you mean 'qwen3-facts'?"),
    ],
    ids=["alone", "worker"],
)
def test_words_that_select_no_test_are_one_line_at_the_end(options, path, message):
    result = suites(*options, path=path)
    assert result.returncode == 5
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("ERROR")]
    assert f"-k '{options[1]}' selects no test; " in line
    assert message in line


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (["-k", "qwen3-nanno"], ["unknown model or algorithm", "'qwen3-facts'?", "zoo list"]),
        (["-k", "smollm2 and dapo"], ["in the lane 'smol': add --lane smol"]),
        (["-k", "OLMo"], ["in the lane 'paper': add --lane paper"]),
        (
            ["-k", "smollm2-warm-dapo", "--lane", "smol"],
            ["no claim of what was named before it is judged on that run"],
        ),
    ],
)
def test_of_words_that_select_no_test_the_known_ones_and_other_lanes_are_named(
    typed, options, messages
):
    line = SessionReport(typed(*options))._nothing_selected()
    for message in (f"-k '{options[1]}' selects no test", *messages):
        assert message in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "0"], "--samples: '0' is not a whole number from 1"),
        (["--questions", "none"], "--questions: 'none' is not a whole number from 1"),
        (["--seed", "-1"], "--seed: '-1' is not a whole number from 0 to 4294967295"),
        (["--seed", "9" * 20], f"--seed: '{'9' * 20}' is not a whole number"),
        (["--report", ""], "--report: '' is empty"),
        (["--report", "/"], "--report: '/' is the root of all folders"),
        (["--report", "pyproject.toml"], "pyproject.toml is no folder"),
        (["--report", "~nouser/x"], "'~nouser/x' begins with the name of no user"),
        (["--lane", "paperr"], "invalid choice: 'paperr'"),
        (["--kind", "SFT"], "--kind SFT: requires --run REF"),
    ],
)
def test_a_wrong_option_is_refused(refusal, options, message):
    assert message in refusal(*options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        # By the parser, and by the plugin's first hook.
        (["--samples", "0"], "--samples: '0' is not a whole number from 1"),
        (["--kind", "SFT"], "ERROR: --kind SFT: requires --run REF"),
    ],
)
def test_a_refused_option_ends_a_session_before_anything_runs(options, message):
    result = suites(*options)
    assert result.returncode == 4
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = suites("-k", "qwen3", ALPHARL_BENCH_CACHE=tmp_path / "file" / "cache")
    assert result.returncode != 0
    assert "name another one in the environment variable ALPHARL_BENCH_CACHE" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_run_is_scored_as_it_was_trained_unless_the_options_say_otherwise(
    pytestconfig, synthetic, monkeypatch
):
    plain = synthetic.spec
    chat = replace(plain, name="chat", prompt="chat", tasks=("addition", "chain"))
    own = replace(plain, name="own", prompt=None, tasks=("paper",))
    asked = {s.name: options(pytestconfig, s).sampling for s in (plain, chat, own)}
    assert (asked[plain.name].prompt, asked[plain.name].tasks) == ("plain", ("facts",))
    assert (asked["chat"].prompt, asked["chat"].tasks) == ("chat", ("addition", "chain"))
    assert (asked["own"].prompt, asked["own"].samples) == ("chat", 32)
    assert reproducing(pytestconfig, chat)[:2] == ("--tasks", "addition,chain")
    monkeypatch.setattr(pytestconfig.option, "tasks", "modulo")
    monkeypatch.setattr(pytestconfig.option, "prompt", "plain")
    again = options(pytestconfig, replace(chat, name="again")).sampling
    assert (again.prompt, again.tasks) == ("plain", ("modulo",))


@pytest.mark.parametrize(
    ("name", "order"),
    [("--device", ("alpharl_bench.plugin", "other")), ("--lane", ("other",))],
)
def test_another_plugin_with_the_same_option_is_named_in_one_line(tmp_path, name, order):
    """Also where it loads after this one: then its own addition of the option would crash."""
    code = f"def pytest_addoption(parser):\n    parser.addoption('{name}', help='of another')\n"
    (tmp_path / "other.py").write_text(code)
    plugins = [word for plugin in order for word in ("-p", plugin)]
    result = suites(*plugins, "--collect-only", "-o", f"pythonpath={tmp_path}")
    assert result.returncode == 4
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert line.startswith(f"ERROR: {name}: another pytest plugin has an option of this name")
    assert "-p no:NAME" in line
    without = suites(*plugins, "-p", "no:other", "--collect-only", "-q", "-k", "P1 and dapo")
    assert "another pytest plugin" not in without.stderr
