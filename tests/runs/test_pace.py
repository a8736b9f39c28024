"""How long trainings take, by caches that were put together by hand."""

import json
from dataclasses import replace

import pytest

from alpharl_bench.registry import Registry, load_registry
from alpharl_bench.runs import pace
from alpharl_bench.runs.bases import parameter_count, pretraining_seconds
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.pace import estimates, training_work
from alpharl_bench.runs.status import last_step, run_folder
from alpharl_bench.training import data
from tests.plugin.core_lane import small_lane

#: Of the package's recipes: 120 steps of 256 responses, which GRPO draws for every second step.
STEPS, BATCH = 120, 256


def put_run(folder, entry, registry, *, seconds=None, step=None):
    """A whole run that took so long, or one that was cut off behind a step."""
    checkpoint = folder / f"checkpoint-{step or last_step(entry, registry)}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text('{"log_history": []}')
    if seconds is not None:
        record = {"run": entry.name, "digest": run_digest(entry, registry), "seconds": seconds}
        (folder / "run.json").write_text(json.dumps(record))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def lane(cache):
    return small_lane()


def put(registry, name, **options):
    entry = registry.run(name)
    put_run(run_folder(entry, run_digest(entry, registry)), entry, registry, **options)


def told(registry, *names):
    return {e.what: e for e in estimates([registry.run(name) for name in names], registry)}


def test_work_is_responses_times_the_parameters_that_they_pass(lane):
    passed = parameter_count(lane.model("qwen3-switch")) + pace._BESIDE
    grpo = training_work(lane.run("qwen3-switch-grpo"), lane)
    assert grpo == pytest.approx(STEPS * (BATCH + BATCH / 2) * passed)
    assert training_work(lane.run("tiny-sft"), lane) == pytest.approx(STEPS * BATCH * passed)


def test_without_a_record_the_pace_is_that_of_two_idle_cores(lane):
    found = told(lane, "qwen3-switch-grpo", "tiny-sft")
    # What is made first comes first.
    assert list(found) == ["base tiny", "qwen3-switch-grpo", "tiny-sft"]
    assert {one.basis for one in found.values()} == {"two idle cores"}
    assert [one.is_run for one in found.values()] == [False, True, True]
    grpo, sft = found["qwen3-switch-grpo"], found["tiny-sft"]
    assert grpo.steps == sft.steps == STEPS
    assert grpo.seconds == pytest.approx(1.5 * sft.seconds)
    base = found["base tiny"]
    assert base.steps == lane.model("tiny").recipe.steps
    assert base.seconds == pretraining_seconds(lane.model("tiny"))


def test_a_run_of_the_same_recipe_tells_the_pace_and_no_other(lane):
    put(lane, "qwen3-switch-grpo", seconds=90.0)
    put(lane, "tiny-sft", seconds=7.0)
    found = told(lane, "qwen3-switch-grpo-seed2", "tiny-grpo")
    assert found["qwen3-switch-grpo-seed2"].seconds == pytest.approx(90.0)
    # Of as many parameters.
    assert found["tiny-grpo"].seconds == pytest.approx(90.0)
    assert found["tiny-grpo"].basis == "as qwen3-switch-grpo took"


def test_else_other_runs_tell_it_by_their_responses(lane):
    put(lane, "qwen3-switch-grpo", seconds=90.0)
    put(lane, "qwen3-switch-grpo-seed2", seconds=30.0)
    sft = told(lane, "tiny-sft")["tiny-sft"]
    # The median of both, of two thirds as much work.
    assert sft.seconds == pytest.approx(40.0)
    assert sft.basis == "as 2 runs took here"


def test_runs_of_other_recipes_than_todays_tell_nothing(lane):
    put(lane, "qwen3-switch-grpo", seconds=90.0)
    grpo = lane.algorithms["grpo"]
    halved = grpo.model_copy(update={"config": {**grpo.config, "beta": 0.5}})
    changed = replace(lane, algorithms={**lane.algorithms, "grpo": halved})
    assert told(changed, "tiny-sft")["tiny-sft"].basis == "two idle cores"
    assert told(changed, "qwen3-switch-grpo")["qwen3-switch-grpo"].basis == "two idle cores"


def test_of_an_interrupted_run_the_steps_that_are_left_count(lane):
    whole = told(lane, "qwen3-switch-grpo")["qwen3-switch-grpo"]
    put(lane, "qwen3-switch-grpo", step=90)
    left = told(lane, "qwen3-switch-grpo")["qwen3-switch-grpo"]
    assert left.steps == 30
    assert left.seconds == pytest.approx(whole.seconds / 4)


def test_where_all_is_trained_there_is_nothing_to_tell(lane):
    put(lane, "qwen3-switch-grpo", seconds=90.0)
    assert told(lane, "qwen3-switch-grpo") == {}


def test_what_is_drawn_before_the_first_step_counts(cache):
    registry = load_registry()
    rft, sft = (registry.run(f"qwen3-switch-{name}") for name in ("rft", "sft"))
    found = told(registry, rft.name, sft.name)
    passed = parameter_count(registry.model("qwen3-switch")) + pace._BESIDE
    drawn = pace._PROMPTS * 8 * passed
    assert found[rft.name].seconds - found[sft.name].seconds == pytest.approx(pace._PACE * drawn)
    assert pace._PROMPTS == data._PROMPTS


def test_a_teacher_comes_before_its_student_and_a_wheel_has_no_time(cache):
    known = load_registry()
    runs = {name: known.run(name) for name in ("smollm2-warm-dist", "smollm2-warm-dapo")}
    registry = Registry(known.models, known.algorithms, runs)
    found = told(registry, "smollm2-warm-dist")
    bases = ["base smollm2", "base smollm2-warm"]
    assert list(found) == [*bases, "smollm2-warm-dapo", "smollm2-warm-dist"]
    base, warm = (found[name] for name in bases)
    assert (base.steps, base.seconds) == (0, 0.0)
    assert base.basis == "a download of 92.9 MB"
    recipe = registry.model("smollm2-warm").warm_up
    responses = len(recipe.families) * recipe.prompts + recipe.steps * recipe.batch
    passed = parameter_count(registry.model("smollm2")) + pace._BESIDE
    assert (warm.steps, warm.basis) == (recipe.steps, "two idle cores")
    assert warm.seconds == pytest.approx(pace._PACE * responses * passed)
