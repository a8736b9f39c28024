"""The commands ``alpharl-bench zoo``, on caches that were put together by hand."""

import json
import subprocess
import sys

import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

from alpharl_bench import zoo_cli, zoo_tables
from alpharl_bench.cache import locked
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import load_registry
from alpharl_bench.runs import parallel
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.status import run_folder
from alpharl_bench.scoring import EngineOptions, Sampling, ScoreStore
from alpharl_bench.variants import BASE, FULL
from alpharl_bench.zoo_cli import chosen, zoo
from tests.scores import score_of

STEPS = 100


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


def call(*arguments, **options):
    return CliRunner().invoke(zoo, list(arguments), **options)


def current(name):
    registry = load_registry()
    entry = registry.run(name)
    return run_folder(entry, run_digest(entry, registry))


def put(folder, *steps, whole=True):
    """A run of 1000 bytes of weights at every step; its accuracy is the hundredth of the step."""
    for step in steps:
        checkpoint = folder / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        (checkpoint / "model.safetensors").write_bytes(b"0" * 1000)
        log = [{"step": i, "loss": 0.0, "accuracy": i / 100} for i in range(1, step + 1)]
        (checkpoint / "trainer_state.json").write_text(json.dumps({"log_history": log}))
    if whole:
        record = {"run": "", "digest": "", "steps": 100, "seconds": 80.0, "steps_per_second": 1.25}
        (folder / "run.json").write_text(json.dumps(record))
    return folder


def row(output, name):
    """The cells of a run's line of a table, by column."""
    lines = [[cell.strip() for cell in line.split("|")] for line in output.splitlines()]
    head = next(line for line in lines if "size" in line)
    return next(dict(zip(head, line, strict=True)) for line in lines if name in line)


def test_a_list_says_what_a_run_costs_and_how_far_it_is(cache):
    put(current("qwen3-facts-grpo"), 50, STEPS)
    put(current("qwen3-facts-dapo"), 5, 10, whole=False)
    shown = call("list").output
    sft = row(shown, "qwen3-facts-sft")
    assert sft["architecture"] == "Qwen3ForCausalLM"
    assert sft["state"] == "not trained"
    base = load_file(base_folder(load_registry().model("qwen3-facts")) / "model.safetensors")
    parameters = sum(tensor.numel() for tensor in base.values())
    assert sft["parameters"] == f"{parameters / 1e6:.2f} M"
    assert sft["size"] == f"{20 * 4 * parameters / 1e6:.1f} MB"
    assert row(shown, "qwen3-facts-grpo")["state"] == "trained"
    assert row(shown, "qwen3-facts-dapo")["state"] == "interrupted at step 10"
    assert row(shown, "qwen3-facts-dapo")["regime"] == "slow"


def test_a_list_says_which_runs_are_core(cache):
    shown = call("list", "--lane", "smol").output
    core = {run.name: run.core for run in load_registry().in_lane("smol")}
    assert {name: row(shown, name)["core"] == "core" for name in core} == core
    assert set(core.values()) == {True, False}
    assert "core: judged where a session names no run" in shown


def test_a_second_list_loads_no_torch(cache):
    code = (
        "import sys; from typer.testing import CliRunner; from alpharl_bench.zoo_cli import zoo;"
        "assert CliRunner().invoke(zoo, ['list']).exit_code == 0; print('torch' in sys.modules)"
    )
    call("list")  # counts the parameters of bases that do not ship
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_status_tells_time_size_figure_and_accuracy(cache):
    put(current("qwen3-facts-grpo"), 50, STEPS)
    put(current("qwen3-facts-dapo"), 5, 10, whole=False)
    registry = load_registry()
    recipe = registry.algorithms["grpo"].config_in("quick")
    digest = run_digest(registry.run("qwen3-facts-grpo"), registry)
    store = ScoreStore(digest, Sampling.of(("facts",)), EngineOptions())
    for variant, marks in ((BASE, "1000"), (FULL, "1110")):
        answers = {f"q{i}": marks for i in range(10)}
        store.save(variant, score_of(variant.label, {"addition": answers, "chain": answers}))
    shown = call("status").output
    grpo = row(shown, "qwen3-facts-grpo")
    assert grpo["state"] == "trained"
    assert grpo["steps"] == f"{STEPS} of {recipe['max_steps']}"
    assert (grpo["time"], grpo["steps/s"]) == ("1 min 20 s", "1.25")
    assert grpo["figure"] == "accuracy 0.055 → 0.955"  # of 1 … 10 and of 91 … 100 hundredths
    # Every question has the same share of right answers: there is no spread.
    assert grpo["accuracy of base"] == "0.250 [0.250, 0.250]"
    assert grpo["accuracy of run"] == "0.750 [0.750, 0.750]"
    dapo = row(shown, "qwen3-facts-dapo")
    assert dapo["state"] == "interrupted"
    assert dapo["steps"].startswith("10 of ")
    assert dapo["time"] == dapo["accuracy of run"] == ""
    assert "qwen3-facts-sft" not in shown
    assert "of 20 GB (ALPHARL_BENCH_MAX_DISK): runs" in shown


def test_status_of_an_empty_cache(cache):
    assert call("status").output.startswith("no run is trained\n")


def test_runs_are_named_by_patterns_each_once_in_the_order_of_the_registry():
    registry = load_registry()
    names = [
        run.name
        for run in chosen(
            ["qwen3-facts-s*", "llama3-facts-dapo", "*-sft"], registry, everything=False
        )
    ]
    assert names == [
        name
        for name in registry.runs
        if name.startswith("qwen3-facts-s") or name == "llama3-facts-dapo" or name.endswith("-sft")
    ]
    assert len(names) > 3
    assert chosen([], registry, everything=True) == list(registry.runs.values())


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["qwen3-facts-gpro"], "did you mean 'qwen3-facts-grpo'"),
        (["qwen3-*", "gpt-*"], r"unknown run 'gpt-\*'"),
        ([], "name runs, as 'qwen3-"),
    ],
)
def test_what_names_no_run_is_refused(patterns, message):
    with pytest.raises(AlphaRLBenchError, match=message):
        chosen(patterns, load_registry(), everything=False)


def test_failures_are_listed_and_make_the_exit_code(cache, monkeypatch):
    asked = []

    def train_all(entries, registry, workers):
        asked.append(([entry.name for entry in entries], workers))
        return {"qwen3-facts-grpo": "the reason"}

    monkeypatch.setattr(parallel, "train_all", train_all)
    done = call("train", "qwen3-facts-[gd]*po", "--workers", "3")
    assert done.exit_code == 1
    assert "failed: qwen3-facts-grpo: the reason" in done.stderr
    ((names, workers),) = asked
    assert {"qwen3-facts-dpo", "qwen3-facts-dapo", "qwen3-facts-grpo"} <= set(names)
    assert workers == 3
    assert f"qwen3-facts-dapo: {current('qwen3-facts-dapo')}" in done.stdout
    assert "qwen3-facts-grpo:" not in done.stdout


@pytest.fixture
def filled(cache):
    """A whole run, an interrupted one, and one of another digest, by name."""
    return {
        "whole": put(current("qwen3-facts-grpo"), 50, STEPS),
        "interrupted": put(current("qwen3-facts-dapo"), 5, whole=False),
        "stale": put(cache / "runs" / "qwen3-facts-grpo-0123456789abcdef", 50, STEPS),
        "gone": put(cache / "runs" / "removed-run-0123456789abcdef", 50),
        "base": put(cache / "bases" / "removed-0123456789abcdef", 1),
        "factors": put(cache / "factors" / "0123456789abcdef", 1),
    }


@pytest.mark.parametrize(
    ("arguments", "removed"),
    [
        (["qwen3-facts-grpo"], {"whole", "stale"}),
        (["removed-*"], {"gone"}),
        (["--stale"], {"stale", "gone", "base"}),
        (["--interrupted"], {"interrupted"}),
        (["--decompositions"], {"factors"}),
        (["--stale", "qwen3-facts-dapo"], {"stale", "gone", "base", "interrupted"}),
        (["--all"], {"whole", "interrupted", "stale", "gone", "base", "factors"}),
    ],
)
def test_clean_removes_what_it_is_asked_to(filled, arguments, removed):
    sizes = sum(f.stat().st_size for n in removed for f in filled[n].rglob("*") if f.is_file())
    done = call("clean", *arguments, "--yes")
    assert done.exit_code == 0, done.output
    assert {name for name, folder in filled.items() if not folder.exists()} == removed
    assert f"freed {zoo_tables.size_text(sizes)}" in done.output


def test_clean_asks_first(filled):
    done = call("clean", "--stale", input="n\n")
    assert done.exit_code == 1
    assert "remove these" in done.output
    assert all(folder.exists() for folder in filled.values())
    assert call("clean", "--stale", input="y\n").exit_code == 0
    assert not filled["stale"].exists()


def test_clean_leaves_links_and_what_another_process_works_on(filled, tmp_path_factory):
    far = put(tmp_path_factory.mktemp("far") / "run", 50)
    link = filled["whole"].parent / "linked-0123456789abcdef"
    link.symlink_to(far)
    with locked(filled["stale"]):
        done = call("clean", "--stale", "--yes")
    assert done.exit_code == 0
    assert filled["stale"].exists()
    assert link.is_symlink()
    assert (far / "checkpoint-50" / "model.safetensors").is_file()
    assert "another process works on it" in done.stderr
    assert "a link to somewhere else" in done.stderr
    assert not filled["gone"].exists()


def test_clean_does_not_guess(filled):
    with pytest.raises(AlphaRLBenchError, match="name runs, or --stale"):
        CliRunner().invoke(zoo, ["clean"], catch_exceptions=False)
    with pytest.raises(AlphaRLBenchError, match="did you mean 'qwen3-facts-grpo'"):
        CliRunner().invoke(zoo, ["clean", "qwen3-facts-gpro"], catch_exceptions=False)
    assert all(folder.exists() for folder in filled.values())


def test_nothing_to_clean(cache):
    assert call("clean", "--stale").output == "nothing to remove\n"


def test_the_module_of_the_commands_loads_nothing_heavy():
    code = f"import sys, {zoo_cli.__name__}; print({{'pandas', 'torch'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
