"""Every trainer's folders: which are checkpoints, where their weights lie, and what is refused."""

import re
import subprocess
from pathlib import Path

import pytest

from alpharl_bench.checkpoints import find
from alpharl_bench.checkpoints.find import find_checkpoints
from alpharl_bench.checkpoints.layouts import LAYOUTS, step_name
from alpharl_bench.checkpoints.local import find_in
from alpharl_bench.errors import AlphaRLBenchError
from tests.processes import run_module, run_script

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
VERL = "python -m verl.model_merger merge --backend"


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("model.safetensors",):
        (folder / name).touch()
    return folder


def refusal(folder: Path, family: str | None = None) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        find_checkpoints(folder, family)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


@pytest.mark.parametrize(
    ("names", "inside", "layout"),
    [
        (("checkpoint-9", "checkpoint-10", "checkpoint-100"), "", "Hugging Face Trainer"),
        (("global_step_9", "global_step_10", "global_step_100"), "actor/huggingface", "verl"),
        (("global_steps_9", "global_steps_10", "global_steps_100"), "actor/huggingface", "verl"),
        (("global_step_9", "global_step_10", "global_step_100"), "actor/lora_adapter", "verl"),
        (("global_step_9", "global_step_10", "global_step_100"), "hf_model", "verl"),
        (("global_step_9", "global_step_10", "global_step_100"), "huggingface", "verl"),
        (("global_step_9", "global_step_10", "global_step_100"), "actor", "verl"),
        (("global_step_9", "global_step_10", "global_step_100"), "", "verl"),
        (("global_step9_hf", "global_step10_hf", "global_step100_hf"), "", "OpenRLHF"),
        (("step_00009", "step_00010", "step_00100"), "", "oat"),
        (("step-0009", "step-0010", "step-0100"), "", "one folder per step"),
        (("Mine-step-9", "Mine-step-10", "Mine-step-100"), "", "one folder per step"),
    ],
)
@pytest.mark.parametrize("above", ["", "saved_models", "project/exp", "ckpts/exp/saved_models"])
def test_the_layouts(
    tmp_path: Path, names: tuple[str, ...], inside: str, layout: str, above: str
) -> None:
    for name in names:
        put(tmp_path / above / name / inside)
    found = find_checkpoints(tmp_path)
    assert list(found.checkpoints) == [9, 10, 100]  # by number: as text, 10 goes before 9
    assert list(found.checkpoints.values()) == [tmp_path / above / name / inside for name in names]
    assert layout in found.layout
    assert found.container == tmp_path / above


@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_kind_of_weights_counts(tmp_path: Path, weights: str) -> None:
    put(tmp_path / "checkpoint-1", weights)
    assert list(find_checkpoints(tmp_path).checkpoints) == [1]


@pytest.mark.parametrize("weights", ["adapter_model.safetensors", "adapter_model.bin"])
def test_an_adapter_counts_with_its_config_alone(tmp_path: Path, weights: str) -> None:
    put(tmp_path / "checkpoint-1", weights)
    assert "no weights" in refusal(tmp_path)
    put(tmp_path / "checkpoint-1", "adapter_config.json")
    assert list(find_checkpoints(tmp_path).checkpoints) == [1]


def test_what_only_looks_like_a_step_folder(tmp_path: Path) -> None:
    put(tmp_path / "checkpoint-2")
    for name in ("checkpoint-30-tmp", "tmp-checkpoint-30", "checkpoint", "checkpoint-x", "runs"):
        put(tmp_path / name)
    put(tmp_path / ".checkpoint-5")
    put(tmp_path, "checkpoint-7", "latest_checkpointed_iteration.txt")
    (tmp_path / "latest").symlink_to("checkpoint-2")
    (tmp_path / "checkpoint-8").symlink_to("gone")
    assert list(find_checkpoints(tmp_path).checkpoints) == [2]


def test_the_adapter_of_verl_goes_before_what_is_beside_it(tmp_path: Path) -> None:
    actor = tmp_path / "global_step_5" / "actor"
    put(actor / "huggingface")
    put(actor / "lora_adapter", "adapter_config.json", "adapter_model.safetensors")
    assert find_checkpoints(tmp_path).checkpoints[5] == actor / "lora_adapter"


def test_a_symlinked_step_folder(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint-3").symlink_to(tmp_path / "elsewhere")
    found = find_checkpoints(tmp_path / "run")
    assert found.checkpoints == {3: tmp_path / "run" / "checkpoint-3"}


def test_step_folders_beside_the_final_model(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path / "checkpoint-4")
    assert list(find_checkpoints(tmp_path).checkpoints) == [4]


def test_nothing_is_looked_for_inside_a_step_folder(tmp_path: Path) -> None:
    put(tmp_path / "checkpoint-4")
    put(tmp_path / "checkpoint-4" / "checkpoint-9")
    assert list(find_checkpoints(tmp_path).checkpoints) == [4]


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "exp" / "checkpoint-4")
    put(tmp_path / ".trash" / "checkpoint-9")
    assert list(find_checkpoints(tmp_path).checkpoints) == [4]


def test_four_levels_are_too_deep(tmp_path: Path) -> None:
    put(tmp_path / "a" / "b" / "c" / "d" / "checkpoint-4")
    message = refusal(tmp_path)
    for layout in LAYOUTS:
        assert layout.name in message


@pytest.mark.parametrize(
    ("name", "step"),
    [("checkpoint-40", 40), ("Qwen3-4B-RLVR-Math-step-600", 600), ("anything", 1)],
)
def test_a_folder_that_is_itself_the_checkpoint(tmp_path: Path, name: str, step: int) -> None:
    put(tmp_path / name)
    found = find_checkpoints(tmp_path / name)
    assert found.checkpoints == {step: tmp_path / name}


def test_a_step_folder_of_verl_given_by_itself(tmp_path: Path) -> None:
    put(tmp_path / "global_step_5" / "actor" / "huggingface")
    found = find_checkpoints(tmp_path / "global_step_5")
    assert found.checkpoints == {5: tmp_path / "global_step_5" / "actor" / "huggingface"}


def test_several_runs_below_one_folder(tmp_path: Path) -> None:
    for run in ("grpo", "dapo/a"):
        put(tmp_path / run / "checkpoint-1")
    message = refusal(tmp_path)
    assert str(tmp_path / "grpo") in message
    assert str(tmp_path / "dapo" / "a") in message


def test_several_runs_side_by_side(tmp_path: Path) -> None:
    for name in ("DAPO-step-1", "DAPO-step-2", "GRPO-step-3"):
        put(tmp_path / name)
    assert f"'{tmp_path}/DAPO-step-*'" in refusal(tmp_path)
    assert list(find_checkpoints(tmp_path, "DAPO-step-*").checkpoints) == [1, 2]
    assert list(find_checkpoints(tmp_path, "GRPO-step-*").checkpoints) == [3]
    assert "SPIRAL-step-*" in refusal(tmp_path, "SPIRAL-step-*")


def test_two_folders_of_one_step(tmp_path: Path) -> None:
    for name in ("checkpoint-5", "checkpoint-05", "checkpoint-10"):
        put(tmp_path / name)
    message = refusal(tmp_path)
    assert "checkpoint-05 and checkpoint-5 are the same step" in message
    hint = re.search(r"as '(.+)'", message)
    assert hint is not None
    assert hint[1] == f"{tmp_path}/checkpoint-0*"
    found = find_in(Path(hint[1]))
    assert found is not None
    assert found.checkpoints == {5: tmp_path / "checkpoint-05"}
    found = find_in(tmp_path / "checkpoint-[1-9]*")
    assert found is not None
    assert list(found.checkpoints) == [5, 10]


def test_a_checkpoint_that_was_not_finished_is_left_out_and_said(tmp_path: Path) -> None:
    put(tmp_path / "checkpoint-1")
    half = put(tmp_path / "checkpoint-2", "config.json", "optimizer.pt")
    found = find_checkpoints(tmp_path)
    assert list(found.checkpoints) == [1]
    assert found.notes == (
        f"step 2 is left out: {half}: no weights in this checkpoint; finish copying or saving it",
    )
    assert f"{half}: no weights" in refusal(half)


def test_steps_that_are_merged_are_read_and_others_are_said(tmp_path: Path) -> None:
    put(tmp_path / "global_step_5" / "actor", "model_world_size_2_rank_0.pt")
    put(tmp_path / "global_step_9" / "actor" / "huggingface")
    found = find_checkpoints(tmp_path)
    assert list(found.checkpoints) == [9]
    (note,) = found.notes
    assert "step 5 is left out" in note
    assert VERL in note


@pytest.mark.parametrize("folder", ["plain", "with space"])
@pytest.mark.parametrize(
    ("step", "marker", "command"),
    [
        (
            "global_step_7",
            "actor/model_world_size_8_rank_0.pt",
            f"{VERL} fsdp --local_dir {{0}}/actor --target_dir {{0}}/actor/huggingface",
        ),
        (
            "global_step_7",
            "model_world_size_1_rank_0.pt",  # verl's SFT trainer
            f"{VERL} fsdp --local_dir {{0}} --target_dir {{0}}/huggingface",
        ),
        (
            "global_step_7",
            "actor/dist_ckpt/.metadata",
            f"{VERL} megatron --local_dir {{0}}/actor --target_dir {{0}}/actor/huggingface",
        ),
        (
            "checkpoint-7",
            "zero_to_fp32.py",
            "python {0}/zero_to_fp32.py {0} {0} --safe_serialization",
        ),
        (
            "checkpoint-7",
            "pytorch_model_fsdp_0/.metadata",
            "accelerate merge-weights {0}/pytorch_model_fsdp_0 {0}",
        ),
    ],
)
def test_shards_are_refused_with_the_command_that_merges_them(
    tmp_path: Path, folder: str, step: str, marker: str, command: str
) -> None:
    checkpoint = tmp_path / folder / step
    file = checkpoint / marker
    put(file.parent, file.name)
    put(checkpoint / "actor" / "huggingface", "config.json", "tokenizer.json")
    for given in (tmp_path, checkpoint):
        message = refusal(given)
        printed = re.search("`(.+)`", message)
        assert printed is not None
        # As a shell reads it: quoting is the shell's business.
        words = subprocess.run(
            ["bash", "-c", f"printf '%s\\n' {printed[1]}"],
            capture_output=True,
            text=True,
            check=True,
        )
        expected = [word.format(checkpoint) for word in command.split(" ")]
        assert words.stdout.splitlines() == expected
    put(checkpoint / ("actor/huggingface" if "actor" in marker else ""))
    assert list(find_checkpoints(tmp_path).checkpoints) == [7]


def test_merged_fsdp_shards_of_accelerate_are_a_checkpoint(tmp_path: Path) -> None:
    """The command of the message, run for real on what torch's distributed checkpoint wrote."""
    script = tmp_path / "save.py"
    script.write_text(
        "import sys, torch, torch.distributed.checkpoint as dcp\n"
        'dcp.save({"model": {"w": torch.ones(2)}}, checkpoint_id=sys.argv[1], no_dist=True)\n'
    )
    checkpoint = tmp_path / "checkpoint-3"
    checkpoint.mkdir()
    shards = checkpoint / "pytorch_model_fsdp_0"
    saved = run_script(script, shards)
    assert saved.returncode == 0, saved.stderr
    printed = re.search("`accelerate (.+)`", refusal(tmp_path))
    assert printed is not None
    merged = run_module("accelerate.commands.accelerate_cli", *printed[1].split(" "))
    assert merged.returncode == 0, merged.stderr
    assert find_checkpoints(tmp_path).checkpoints == {3: checkpoint}


@pytest.mark.parametrize("name", ["checkpoint-", "step_", "global_step_5_hf", "step-5x", "main"])
def test_names_that_are_no_step(name: str) -> None:
    assert step_name(name) is None


def test_links_to_the_same_folders_are_followed_once(tmp_path, monkeypatch):
    for number in range(40):
        (tmp_path / f"link {number}").symlink_to(tmp_path)
    (tmp_path / "inside" / "deep").mkdir(parents=True)
    for number in range(40):
        (tmp_path / "inside" / f"up {number}").symlink_to(tmp_path / "inside" / "deep")
    listed = []
    subfolders = find._subfolders
    monkeypatch.setattr(
        find, "_subfolders", lambda folder: listed.append(folder) or subfolders(folder)
    )
    with pytest.raises(AlphaRLBenchError, match="holds neither weights"):
        find_checkpoints(tmp_path)
    assert len(listed) <= 4


def test_two_links_to_one_run_are_one_run(tmp_path):
    folder = tmp_path / "runs" / "one" / "checkpoint-5"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    (tmp_path / "runs" / "latest").symlink_to(tmp_path / "runs" / "one")
    assert list(find_checkpoints(tmp_path / "runs").checkpoints) == [5]
