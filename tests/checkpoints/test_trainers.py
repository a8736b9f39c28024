"""A folder as each trainer leaves it, with weights: its steps are found, and nothing is guessed."""

import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from alpharl_bench.checkpoints import WeightFiles, discover, open_checkpoint, open_weights
from alpharl_bench.checkpoints.layouts import LAYOUTS, step_name
from alpharl_bench.errors import AlphaRLBenchError

# Where each trainer puts the weights of a step, and which step that is.
TREES = {
    "TRL, final model beside": {"checkpoint-10": 10, "checkpoint-900": 900},
    "LlamaFactory, epochs": {
        "saves/qwen/lora/checkpoint-5": 5,
        "saves/qwen/lora/checkpoint-15": 15,
    },
    "ms-swift": {"v0-20250101-120000/checkpoint-20": 20, "v0-20250101-120000/checkpoint-40": 40},
    "ms-swift, merged": {"out/checkpoint-20-merged": 20, "out/checkpoint-40-merged": 40},
    "verl": {"proj/exp/global_step_5/actor/huggingface": 5},
    "SkyRL": {"exports/global_step_4/policy": 4, "exports/global_step_12/policy": 12},
    "OpenRLHF": {"ckpt/global_step20_hf": 20, "ckpt/global_step100_hf": 100},
    "NeMo-RL": {"grpo/step_10/policy/weights/model/consolidated": 10},
    "NeMo-RL, adapters": {"grpo/step_10/policy/weights/model": 10},
    "NeMo-RL, converted": {"grpo/step_10-hf": 10, "grpo/step_20-hf": 20},
    "AReaL": {
        "default/epoch0epochstep0globalstep0": 1,
        "default/epoch0epochstep9globalstep9": 10,
        "default/epoch1epochstep2globalstep12": 13,
    },
    "slime": {"iter_0000000": 1, "iter_0000099": 100},
    "slime, converted": {"out/iter_0000099_hf": 100, "out/iter_0000199_hf": 200},
    "slime, converted by its README": {"GLM-Z1-9B-iter_0000099": 100},
    "prime-rl": {"outputs/weights/step_25": 25, "outputs/weights/step_50": 50},
    "oat": {"saved_models/step_00016": 16, "saved_models/step_00032": 32},
    "SPIRAL on the Hub, cloned": {"SPIRAL-step-16": 16, "SPIRAL-step-32": 32},
}


def weights(folder: Path, value: float = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"w": torch.full((2,), float(value))}, folder / "model.safetensors")
    return folder


def adapter(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    save_file({"a": torch.ones(1)}, folder / "adapter_model.safetensors")
    return folder


def shards(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    return folder


def steps(run: str | Path) -> dict[int, Path]:
    return {each.step: Path(str(each.location)) for each in discover(run).checkpoints}


def refusal(run: str | Path) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        discover(run)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("trainer", TREES)
def test_the_steps_of_every_trainer(tmp_path: Path, trainer: str) -> None:
    for place, step in TREES[trainer].items():
        weights(tmp_path / place, step)
    found = steps(tmp_path)
    assert list(found) == list(TREES[trainer].values())
    for step, folder in found.items():
        assert open_weights(folder).tensor("w")[0] == step


def test_every_layout_has_a_tree_and_a_source() -> None:
    used = {
        layout.name
        for tree in TREES.values()
        for place in tree
        for part in Path(place).parts
        if (named := step_name(part))
        for layout in named.layouts
    }
    assert used == {layout.name for layout in LAYOUTS}
    assert all(layout.source for layout in LAYOUTS if layout.name != "one folder per step")


@pytest.mark.parametrize("name", ["default/epoch0epochstep0globalstep0", "iter_0000000"])
def test_a_trainer_that_counts_from_0_has_trained_at_0(tmp_path: Path, name: str) -> None:
    """The first update would else be taken for the base."""
    weights(tmp_path / name)
    found = discover(tmp_path)
    assert [each.step for each in found.checkpoints] == [1]
    assert found.start is None
    assert "counts updates from 0" in found.notes[0]


@pytest.mark.parametrize(
    ("tree", "shard", "wanted"),
    [
        ("step_10/policy/weights/model", ".metadata __0_0.distcp", "step_10-hf"),
        ("iter_0000099", "__0_0.distcp", "iter_0000099_hf"),
        ("checkpoints/step_10/trainer", "__0_0.distcp", "weights/step_10"),
        (
            "ckpts/global_step_4/policy",
            "model_world_size_4_rank_0.pt",
            "exports/global_step_4/policy",
        ),
    ],
)
def test_what_a_trainer_resumes_from_is_passed_over_for_its_export(
    tmp_path: Path, tree: str, shard: str, wanted: str
) -> None:
    for name in shard.split():
        shards(tmp_path / tree, name)
    message = refusal(tmp_path)
    assert "no weights" not in message
    assert str(tmp_path / tree.partition("/")[0]) in message
    assert "shards" in message
    weights(tmp_path / wanted)
    assert list(steps(tmp_path).values()) == [tmp_path / wanted]
    assert any("passed over" in note and "shards" in note for note in discover(tmp_path).notes)


def test_merged_copies_beside_adapters_are_asked_about(tmp_path: Path) -> None:
    for step in (10, 20):
        adapter(tmp_path / f"checkpoint-{step}")
        weights(tmp_path / f"checkpoint-{step}-merged")
    message = refusal(tmp_path)
    for family in ("checkpoint-*", "checkpoint-*-merged"):
        assert f"{tmp_path}/{family}" in message
        assert list(steps(tmp_path / family)) == [10, 20]
    assert steps(tmp_path / "checkpoint-*-merged")[10].name == "checkpoint-10-merged"
    assert steps(tmp_path / "checkpoint-*")[10].name == "checkpoint-10"
    assert discover(tmp_path / "checkpoint-*").name == tmp_path.name


def test_named_adapters_of_peft(tmp_path: Path) -> None:
    for step in (10, 20):
        adapter(tmp_path / f"checkpoint-{step}" / "math")
    assert steps(tmp_path)[20] == tmp_path / "checkpoint-20" / "math"
    for step in (10, 20):
        adapter(tmp_path / f"checkpoint-{step}" / "code")
    message = refusal(tmp_path)
    assert "holds the adapters code, math" in message
    assert f"'{tmp_path}/checkpoint-*/code'" in message
    assert steps(tmp_path / "checkpoint-*" / "math")[10] == tmp_path / "checkpoint-10" / "math"
    # The default adapter of peft lies above those with names.
    for step in (10, 20):
        adapter(tmp_path / f"checkpoint-{step}")
    assert steps(tmp_path)[10] == tmp_path / "checkpoint-10"
    notes = " ".join(discover(tmp_path).notes)
    assert f"'{tmp_path}/checkpoint-*/code'" in notes
    assert f"'{tmp_path}/checkpoint-*/math'" in notes


def test_steps_that_are_read_from_different_places_are_said(tmp_path: Path) -> None:
    adapter(tmp_path / "global_step_5" / "actor" / "lora_adapter")
    weights(tmp_path / "global_step_9" / "actor" / "huggingface")
    (note,) = discover(tmp_path).notes
    assert "actor/lora_adapter from step 5" in note
    assert "actor/huggingface from step 9" in note


def test_the_final_model_beside_steps_is_said(tmp_path: Path) -> None:
    weights(tmp_path / "checkpoint-900")
    weights(tmp_path)
    assert steps(tmp_path) == {900: tmp_path / "checkpoint-900"}
    assert "holds weights itself" in discover(tmp_path).notes[0]


def test_a_checkpoint_is_the_folder_itself_where_it_holds_weights(tmp_path: Path) -> None:
    base = weights(tmp_path / "base", 0)
    (base / "config.json").write_text("{}")
    out = tmp_path / "out"
    weights(out / "checkpoint-900", 900)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = open_checkpoint(out, base)
    assert run.final.weights(WeightFiles(base)).tensor("w")[0] == 900
    weights(out, 937)
    with pytest.warns(match=r"its own weights are read, and not those in checkpoint-900"):
        run = open_checkpoint(out, base)
    assert run.final.weights(WeightFiles(base)).tensor("w")[0] == 937
    assert run.final.path == out
    weights(tmp_path / "two" / "checkpoint-1")
    weights(tmp_path / "two" / "checkpoint-2")
    with pytest.raises(AlphaRLBenchError, match="holds 2 checkpoints; name one, as"):
        open_checkpoint(tmp_path / "two", base)


def test_an_areal_run_that_was_recovered_asks_which_of_one_step_counts(tmp_path: Path) -> None:
    weights(tmp_path / "epoch0epochstep9globalstep9")
    weights(tmp_path / "epoch1epochstep0globalstep9")
    assert "are the same step" in refusal(tmp_path)
    assert list(steps(tmp_path / "epoch1*")) == [10]


def test_shards_without_index_are_a_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-3"
    folder.mkdir()
    for number in (1, 2):
        file = folder / f"model-0000{number}-of-00002.safetensors"
        save_file({f"w{number}": torch.ones(2)}, file)
    assert open_weights(steps(tmp_path)[3]).names == ["w1", "w2"]
    file.unlink()
    with pytest.raises(AlphaRLBenchError, match=r"lacks model-00002-of-00002\.safetensors"):
        _ = open_weights(steps(tmp_path)[3]).names
