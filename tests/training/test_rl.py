import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import held_out_problems, is_held_out, training_problems
from alpharl_bench.problems.families import FAMILIES
from alpharl_bench.registry import load_registry
from alpharl_bench.training.rl import train_rl, training_prompts, verifiable_reward
from alpharl_bench.training.zoo import base_folder


def weights(folder: Path):
    files = WeightFiles(folder)
    return {name: files.tensor(name) for name in files.names}


def train(registry, algorithm, folder):
    entry = registry.run(f"qwen3-nano-{algorithm}")
    base = base_folder(registry.model(entry.model))
    train_rl(entry, registry.algorithms[algorithm], base, folder)


def test_the_reward_is_the_grading_of_the_scored_tasks():
    assert verifiable_reward(["7+8=15;#95", "#94", ""], ["95", "95", "95"]) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_prompts_and_scored_questions_never_overlap(seed):
    prompts = set(training_prompts(seed)["prompt"])
    assert len(prompts) > 1000
    scored = {p.prompt for f in FAMILIES for p in held_out_problems(f, 60, seed)}
    assert not prompts & scored
    assert not any(is_held_out(p) for p in prompts)
    assert all(is_held_out(p) for p in scored)


def test_training_prompts_come_from_every_family():
    families = {f: {p.prompt for p in islice(training_problems(f, 1), 50)} for f in FAMILIES}
    prompts = set(training_prompts(1)["prompt"])
    assert all(some <= prompts for some in families.values())


@pytest.mark.parametrize("algorithm", ["grpo", "dapo"])
def test_every_algorithm_trains_all_parameters_in_float32(short_registry, algorithm, tmp_path):
    train(short_registry, algorithm, tmp_path)
    assert sorted(p.name for p in tmp_path.glob("checkpoint-*")) == [
        "checkpoint-2",
        "checkpoint-4",
        "checkpoint-6",
    ]
    before = weights(base_folder(short_registry.model("qwen3-nano")))
    after = weights(tmp_path / "checkpoint-6")
    assert before.keys() == after.keys()
    assert all(str(tensor.dtype) == "torch.float32" for tensor in after.values())
    assert all(not before[name].equal(after[name]) for name in before)


def test_a_killed_training_resumes_to_the_same_weights(tmp_path, short_registry):
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from alpharl_bench.registry import Registry, load_registry
from test_rl import train
known = load_registry()
short = known.algorithms["dapo"].model_copy(update={{
    "checkpoints": 3, "config": {short_registry.algorithms["dapo"].config!r}}})
train(Registry(known.models, {{"dapo": short}}, known.runs), "dapo", Path(sys.argv[1]))
"""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, "-c", script, str(killed)])
    deadline = time.monotonic() + 240
    while not (killed / "checkpoint-2" / "trainer_state.json").is_file():
        assert process.poll() is None, "the training ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # A checkpoint that was cut off in the middle must be passed over.
    torn = killed / "checkpoint-5"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    assert not (killed / "checkpoint-6").exists()
    subprocess.run([sys.executable, "-c", script, str(killed)], check=True)
    subprocess.run([sys.executable, "-c", script, str(whole)], check=True)
    resumed, straight = weights(killed / "checkpoint-6"), weights(whole / "checkpoint-6")
    assert all(resumed[name].equal(straight[name]) for name in straight)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rat": 1e-3}, "algorithms/grpo.toml: .*learning_rat"),
        ({"max_steps": 7}, "algorithms/grpo.toml: max_steps 7 is not a multiple"),
        ({"num_generations": 3}, "algorithms/grpo.toml: .*num_generations"),
    ],
)
def test_a_wrong_recipe_is_named(change, message, tmp_path):
    registry = load_registry()
    grpo = registry.algorithms["grpo"]
    wrong = grpo.model_copy(update={"config": {**grpo.config, **change}})
    entry = registry.run("qwen3-nano-grpo")
    with pytest.raises(AlphaRLBenchError, match=message):
        train_rl(entry, wrong, base_folder(registry.model(entry.model)), tmp_path)
