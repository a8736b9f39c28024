"""Opening a run: what the user may name, what the base is, and the order of the checkpoints."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.checkpoints import Checkpoint, Run, open_run
from alpharl_bench.checkpoints.run import discover
from alpharl_bench.errors import AlphaRLBenchError


@pytest.fixture
def model() -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    return Qwen3ForCausalLM(Qwen3Config(vocab_size=20, **shape, **heads))


@pytest.fixture
def base(tmp_path: Path, model: Qwen3ForCausalLM) -> Path:
    model.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three checkpoints of the Hugging Face Trainer."""
    for step in (10, 2, 100):
        put(tmp_path / "mine" / f"checkpoint-{step}")
    return tmp_path / "mine"


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names or ("model.safetensors",):
        (folder / name).touch()
    return folder


def refusal(run: str | Path, base: str | Path | None = None) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        open_run(run, base)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def adapter(model: Qwen3ForCausalLM, folder: Path, **changes: object) -> Path:
    """A LoRA checkpoint as peft saves it, with keys of its config changed."""
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(folder)
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_checkpoints_are_sorted_by_step_not_by_name(folder: Path, base: Path) -> None:
    run = open_run(folder, base)
    assert run.name == "mine"
    assert run.steps == (2, 10, 100)
    assert run.base == base
    assert run.checkpoints == tuple(
        Checkpoint(step, folder / f"checkpoint-{step}") for step in (2, 10, 100)
    )
    assert "Hugging Face Trainer" in run.layout
    assert open_run(folder, base, name="other").name == "other"


def test_the_final_checkpoint_and_that_of_a_step(folder: Path, base: Path) -> None:
    run = open_run(folder, base)
    assert run.final == run.at(None) == run.at(100)
    assert run.at(10).path == folder / "checkpoint-10"


def test_a_step_that_was_not_saved(folder: Path) -> None:
    run = Run("mine", folder, (Checkpoint(2, folder), Checkpoint(10, folder)))
    with pytest.raises(AlphaRLBenchError, match=r"'mine' .* step 5; it has \[2, 10\]"):
        run.at(5)


def test_a_relative_path(
    folder: Path, base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    assert open_run(".", "../base").name == "mine"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab").mkdir()
    folder.rename(tmp_path / "lab" / "mine")
    # It could be the name of a repository: what is here wins.
    run = open_run("lab/mine", "./base")
    assert run.final.path == tmp_path / "lab" / "mine" / "checkpoint-100"


def test_home_is_expanded(folder: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert open_run("~/mine", "~/base").base == base


def test_repositories_cloned_side_by_side(tmp_path: Path, model: Qwen3ForCausalLM) -> None:
    model.save_pretrained(tmp_path / "hub" / "DAPO-step-0")
    for name in ("DAPO-step-2", "DAPO-step-11", "GRPO-step-5"):
        put(tmp_path / "hub" / name)
    assert f"'{tmp_path}/hub/DAPO-step-*'" in refusal(tmp_path / "hub")
    run = open_run(tmp_path / "hub" / "DAPO-step-*")
    assert run.name == "DAPO"
    assert run.steps == (2, 11)
    assert run.base == tmp_path / "hub" / "DAPO-step-0"


@pytest.mark.parametrize("run", ["/no/where", "./nowhere", "~/nowhere/at-all", "nowhere", "a/b/c"])
def test_a_run_that_is_not_there(run: str, base: Path) -> None:
    message = refusal(run, base)
    assert f"run {run}:" in message
    assert ("Hub" in message) == run.startswith(("n", "a"))


def test_a_run_that_is_a_file(folder: Path) -> None:
    file = folder / "checkpoint-10" / "model.safetensors"
    assert str(file) in refusal(file)


def test_step_zero_is_the_base(folder: Path, base: Path, model: Qwen3ForCausalLM) -> None:
    model.save_pretrained(folder / "checkpoint-0")
    run = open_run(folder)
    assert run.base == folder / "checkpoint-0"
    assert run.steps == (2, 10, 100)
    run = open_run(folder, base)
    assert run.base == base
    assert run.steps == (2, 10, 100)


def test_step_zero_alone_is_no_run(tmp_path: Path) -> None:
    put(tmp_path / "checkpoint-0")
    assert "step 0" in refusal(tmp_path)


def test_a_base_that_nothing_names(folder: Path) -> None:
    message = refusal(folder)
    assert str(folder) in message
    assert "pass --base" in message


def test_the_base_that_an_adapter_names(
    tmp_path: Path, base: Path, model: Qwen3ForCausalLM
) -> None:
    adapter(model, tmp_path / "lora" / "checkpoint-5", base_model_name_or_path=str(base))
    run = open_run(tmp_path / "lora")
    assert run.base == base
    assert run.final.path == tmp_path / "lora" / "checkpoint-5"


def test_an_adapter_whose_base_is_elsewhere(
    tmp_path: Path, base: Path, model: Qwen3ForCausalLM
) -> None:
    gone = tmp_path / "on" / "another" / "machine"
    folder = adapter(model, tmp_path / "lora" / "checkpoint-5", base_model_name_or_path=str(gone))
    message = refusal(tmp_path / "lora")
    assert str(gone) in message
    assert str(folder / "adapter_config.json") in message
    assert "--base" in message
    assert open_run(tmp_path / "lora", base).base == base


@pytest.mark.parametrize("named", [None, ""])
def test_an_adapter_that_names_no_base(
    tmp_path: Path, model: Qwen3ForCausalLM, named: str | None
) -> None:
    adapter(model, tmp_path / "lora" / "checkpoint-5", base_model_name_or_path=named)
    assert "pass --base" in refusal(tmp_path / "lora")


def test_a_base_that_is_not_a_whole_model(folder: Path, base: Path) -> None:
    (base / "model.safetensors").rename(base / "adapter_model.safetensors")
    message = refusal(folder, base)
    assert str(base) in message
    assert "no weights" in message
    (base / "config.json").unlink()
    assert "no config.json" in refusal(folder, base)


@pytest.mark.parametrize("base", ["/no/where", "./nowhere", "nowhere"])
def test_a_base_that_is_not_there(folder: Path, base: str) -> None:
    assert f"base {base}: there is no such folder" in refusal(folder, base)


def test_what_is_found_before_the_base_is_known(folder: Path) -> None:
    found = discover(folder)
    assert found.name == "mine"
    assert [checkpoint.step for checkpoint in found.checkpoints] == [2, 10, 100]
    assert found.start is None
