"""The public model of the smol lane: fetched, converted, trained two steps, and judged as a run.

The run lies on disk as each trainer leaves one, for ``pytest --run``. Of some minutes and 7 GB.
"""

import math
import os
import shutil

import pytest
import torch
from safetensors.torch import save_file

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.registry import Registry, load_registry
from alpharl_bench.reporting import load_session
from alpharl_bench.runs.bases import base_folder, parameter_count
from alpharl_bench.runs.trained import TrainedRun
from alpharl_bench.training import data
from alpharl_bench.training.history import history
from tests.processes import run_command, run_pytest

pytestmark = pytest.mark.smol

RUN = "smollm2-warm-dapo"
#: A step's folder in a run, as its trainer names it, and what of a model lies there.
LAYOUTS = {
    "Hugging Face Trainer": "checkpoint-{step}",
    "verl": "global_step_{step}/actor/huggingface",
    "OpenRLHF": "global_step{step}_hf",
    "oat": "saved_models/step_{step:05d}",
    "one folder per step": "SmolLM2-DAPO-step-{step}",
}


@pytest.fixture(scope="module")
def registry():
    """The registry with a run of two steps of sixteen responses."""
    known = load_registry()
    recipe = known.algorithms["dapo"]
    public = {**recipe.regimes["public"], "max_steps": 2, "per_device_train_batch_size": 16}
    short = recipe.model_copy(
        update={
            "checkpoints": 2,
            "config": {**recipe.config, "steps_per_generation": 1, "warmup_steps": 0},
            "regimes": {"public": public},
        }
    )
    return Registry(known.models, {"dapo": short}, known.runs)


@pytest.fixture(scope="module")
def base(registry):
    return base_folder(registry.model("smollm2-warm"))


@pytest.fixture(scope="module")
def run(registry):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "_PROMPTS", 48)
        return TrainedRun(registry.run(RUN), registry).open().run


@pytest.fixture
def laid_out(run, tmp_path, request):
    """The run as another trainer leaves it: the same weights, linked."""
    for checkpoint in run.checkpoints:
        folder = tmp_path / "my-run" / LAYOUTS[request.param].format(step=checkpoint.step)
        shutil.copytree(checkpoint.location, folder, copy_function=os.link)
    return tmp_path / "my-run"


def test_two_steps_move_every_matrix_a_little(registry, base, run):
    files = WeightFiles(base)
    model = registry.model("smollm2-warm")
    assert sum(math.prod(files.shape(name)) for name in files.names) == parameter_count(model)
    assert [checkpoint.step for checkpoint in run.checkpoints] == [1, 2]
    folder = run.checkpoints[-1].location
    last = WeightFiles(folder)
    for name in files.names:
        if name.endswith("proj.weight"):
            before, after = files.tensor(name), last.tensor(name)
            assert after.dtype == torch.float32
            assert 0 < (after - before).norm() < 1e-2 * before.norm(), name
    assert all(0 <= row["accuracy"] <= 1 for row in history(folder.parent))


@pytest.mark.parametrize("laid_out", LAYOUTS, indirect=True)
def test_a_run_in_the_layout_of_each_trainer_is_recognised(laid_out, base, request):
    found = run_command("doctor", laid_out, "--base", base)
    assert found.returncode == 0, found.stdout + found.stderr
    assert request.node.callspec.params["laid_out"] in found.stdout
    assert "LlamaForCausalLM" in found.stdout


def test_an_adapter_of_it_is_the_update_that_it_was_made_from(run, base, tmp_path):
    """What verl leaves of LoRA: rank 4 of the last update of one matrix, in PEFT's own format."""
    peft = pytest.importorskip("peft")
    name = "model.layers.3.mlp.down_proj.weight"
    before = WeightFiles(base).tensor(name)
    left, sigma, right = torch.linalg.svd(
        WeightFiles(run.checkpoints[-1].location).tensor(name) - before, full_matrices=False
    )
    folder = tmp_path / "global_step_2" / "actor" / "lora_adapter"
    peft.LoraConfig(
        r=4, lora_alpha=4, target_modules=["down_proj"], base_model_name_or_path=str(base)
    ).save_pretrained(folder)
    key = f"base_model.model.{name.removesuffix('.weight')}"
    factors = {
        f"{key}.lora_A.weight": right[:4].contiguous(),
        f"{key}.lora_B.weight": (left[:, :4] * sigma[:4]).contiguous(),
    }
    save_file(factors, folder / "adapter_model.safetensors")
    found = run_command("doctor", tmp_path, "--base", base)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "adapter" in found.stdout


@pytest.mark.parametrize("laid_out", ["verl", "oat"], indirect=True)
def test_the_suites_take_the_run(laid_out, base, tmp_path):
    result = run_pytest(
        *("suites/property1", f"--run={laid_out}", f"--base={base}", "--tasks=words"),
        *("--questions=2", "--samples=1", f"--report={tmp_path / 'report'}"),
        *("-m", "claim(id='P1.6') or claim(id='P1.8')"),
    )
    # Of the two claims some may be refuted: that is no mistake of the session.
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    assert "P1.6 on my-run: supported" in result.stdout, result.stdout + result.stderr
    session = load_session(tmp_path / "report")
    assert session.runs["my-run"].steps == (1, 2)
    assert session.runs["my-run"].claims.keys() == {
        "2510.00553:P1.6",
        "2510.00553:P1.8",
    }
