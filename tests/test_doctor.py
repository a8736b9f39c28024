"""What the doctor says of real, small models in every trainer's layout, whole and damaged."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from alpharl_bench.checkpoints import hub
from alpharl_bench.doctor import Diagnosis, examine
from tests.models import model_of

SHAPE = {
    "vocab_size": 20,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "pad_token_id": 0,
}
TIED = {"qwen2": True, "qwen3": True, "llama": False, "glm4": False}
LAYOUTS = {
    "Trainer": "checkpoint-{}",
    "verl": "proj/exp/global_step_{}/actor/huggingface",
    "OpenRLHF": "global_step{}_hf",
    "oat": "exp/saved_models/step_{:05}",
    "one folder per step": "Mine-step-{}",
}
UP = "model.layers.1.mlp.up_proj.weight"


def build(kind: str = "qwen3") -> PreTrainedModel:
    torch.manual_seed(0)
    return model_of(kind, **SHAPE, tie_word_embeddings=TIED[kind])


def trained(model: PreTrainedModel, folder: Path, size: str = "50GB") -> Path:
    """Save the model after one more bit of training."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.01)
    model.save_pretrained(folder, max_shard_size=size)
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    build().save_pretrained(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two checkpoints of a Qwen3."""
    model = build()
    for step in (5, 10):
        trained(model, tmp_path / "run" / f"checkpoint-{step}")
    return tmp_path / "run"


def change(folder: Path, edit: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Edit the tensors of a folder's one file."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    edit(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def cells(diagnosis: Diagnosis, row: int) -> str:
    return " | ".join(diagnosis.table[row].values())


def only_fault(diagnosis: Diagnosis) -> str:
    assert len(diagnosis.faults) == 1, diagnosis.faults
    assert diagnosis.faults[0] in diagnosis.text()
    assert "No faults" not in diagnosis.text()
    return diagnosis.faults[0]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", TIED)
def test_every_architecture_in_every_layout(tmp_path: Path, kind: str, layout: str) -> None:
    model = build(kind)
    model.save_pretrained(tmp_path / "base")
    for step in (9, 10):
        trained(model, tmp_path / "run" / LAYOUTS[layout].format(step), "8KB")
    diagnosis = examine(tmp_path / "run", tmp_path / "base", deep=True)
    assert diagnosis.faults == []
    facts = diagnosis.facts
    assert layout in facts["layout"]
    assert facts["checkpoints"] == "2, at step 9, 10"
    assert facts["base"] == str(tmp_path / "base")
    assert facts["architecture"] == f"{type(model).__name__} ({kind})"
    matrices = [
        parameter
        for name, parameter in model.named_parameters()
        if ("self_attn" in name or "mlp" in name) and parameter.ndim == 2
    ]
    numbers = re.findall(r"[\d,]+", facts["modules"])
    assert [int(number.replace(",", "")) for number in numbers] == [
        len(matrices),
        sum(map(torch.Tensor.numel, matrices)),
        sum(map(torch.Tensor.numel, model.parameters())),
    ]
    assert facts["embeddings"] == ("tied" if kind.startswith("qwen") else "untied")
    count = len(dict(model.named_parameters()))
    for row, step in ((1, 9), (2, 10)):
        text = cells(diagnosis, row)
        assert f"step {step} | {LAYOUTS[layout].format(step)} | safetensors, " in text
        assert " shards | float32 | 20 | " in text
        assert f"{count} of {count} tensors" in text
    assert diagnosis.text().count("\n| step ") == 2
    assert "No faults found." in diagnosis.text()


def test_without_deep_no_value_is_read(run: Path, base: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors[UP][3, 5] = torch.nan

    change(run / "checkpoint-10", spoil)
    diagnosis = examine(run, base)
    assert diagnosis.faults == []
    assert any("--deep" in note for note in diagnosis.notes)
    fault = only_fault(examine(run, base, deep=True))
    assert str(run / "checkpoint-10" / "model.safetensors") in fault
    assert f"'{UP}'" in fault


def test_a_run_without_a_base_still_says_what_it_can(run: Path) -> None:
    diagnosis = examine(run, None)
    assert "pass --base REF" in only_fault(diagnosis)
    assert diagnosis.facts["base"] == "not known"
    assert diagnosis.facts["architecture"] == "Qwen3ForCausalLM (qwen3)"
    assert diagnosis.facts["modules"].startswith("14 matrices")
    assert "step 10 | checkpoint-10 | safetensors | float32 | 20" in cells(diagnosis, 1)


def test_a_checkpoint_that_is_the_base(run: Path, base: Path) -> None:
    build().save_pretrained(run / "checkpoint-5")
    diagnosis = examine(run, base, deep=True)
    fault = only_fault(diagnosis)
    assert f"{run / 'checkpoint-5'}: every tensor is that of the base {base}" in fault
    assert "| 0 of " in cells(diagnosis, 1)
    assert "| 0 of " not in cells(diagnosis, 2)


def test_a_base_that_was_only_rounded(run: Path, base: Path) -> None:
    build().to(torch.bfloat16).save_pretrained(run / "checkpoint-5")
    diagnosis = examine(run, base, deep=True)
    assert "checkpoint-5" in only_fault(diagnosis)
    assert "bfloat16" in cells(diagnosis, 1)
    assert any("bfloat16" in note and "checkpoint-5" in note for note in diagnosis.notes)


def test_one_tensor_that_changed_is_an_update(run: Path, base: Path) -> None:
    build().save_pretrained(run / "checkpoint-5")

    def train(tensors: dict[str, torch.Tensor]) -> None:
        tensors[UP][0, 0] += 1e-3

    change(run / "checkpoint-5", train)
    diagnosis = examine(run, base, deep=True)
    assert diagnosis.faults == []
    assert "| 1 of " in cells(diagnosis, 1)


def test_what_stays_at_the_base_is_told(run: Path, base: Path) -> None:
    def freeze(tensors: dict[str, torch.Tensor]) -> None:
        tensors[UP] = load_file(base / "model.safetensors")[UP]

    change(run / "checkpoint-10", freeze)
    assert not any("of ‖ΔW‖²" in note for note in examine(run, base).notes)
    shares, still = (
        note for note in examine(run, base, deep=True).notes if note.startswith("step 10: ")
    )
    assert "the modules hold" in shares
    assert "at the base stay token embeddings" in shares
    assert "norms" in shares
    assert still.endswith("where the rest moved: model.layers.*.mlp.up_proj.weight (1 of 2)")


def test_a_file_that_is_cut_short(run: Path, base: Path) -> None:
    path = run / "checkpoint-5" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    diagnosis = examine(run, base)
    assert str(path) in only_fault(diagnosis)
    assert "step 10 | checkpoint-10 | safetensors" in cells(diagnosis, 2)


def test_a_base_that_is_cut_short(run: Path, base: Path) -> None:
    path = base / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    diagnosis = examine(run, base, deep=True)
    assert str(path) in only_fault(diagnosis)
    assert diagnosis.facts["base"] == str(base)


def test_a_missing_shard(tmp_path: Path, base: Path) -> None:
    folder = trained(build(), tmp_path / "run" / "checkpoint-5", "8KB")
    shard = sorted(folder.glob("*.safetensors"))[1]
    shard.unlink()
    assert shard.name in only_fault(examine(tmp_path / "run", base))


def test_another_models_checkpoint(run: Path, base: Path) -> None:
    def widen(tensors: dict[str, torch.Tensor]) -> None:
        tensors[UP] = torch.zeros(30, 16)
        tensors["model.layers.1.mlp.extra.weight"] = torch.zeros(2, 2)
        del tensors["model.layers.0.mlp.down_proj.weight"]

    change(run / "checkpoint-10", widen)
    faults = examine(run, base, deep=True).faults
    assert len(faults) == 3
    assert all("checkpoint-10" in fault for fault in faults)
    for name in (UP, "model.layers.1.mlp.extra.weight", "model.layers.0.mlp.down_proj.weight"):
        assert sum(f"'{name}'" in fault for fault in faults) == 1


def test_the_same_note_on_all_checkpoints_is_one_line(tmp_path: Path, base: Path) -> None:
    model = build()
    model.resize_token_embeddings(24)
    for step in (1, 2, 3):
        trained(model, tmp_path / "run" / f"checkpoint-{step}")
    diagnosis = examine(tmp_path / "run", base)
    assert diagnosis.faults == []
    (note,) = [note for note in diagnosis.notes if "tokens" in note]
    assert note.endswith("(and so in 2 other checkpoints)")
    assert [row["vocabulary"] for row in diagnosis.table] == ["20", "24", "24", "24"]


def test_legacy_weights(tmp_path: Path, base: Path) -> None:
    folder = trained(build(), tmp_path / "run" / "checkpoint-5")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    diagnosis = examine(tmp_path / "run", base, deep=True)
    assert diagnosis.faults == []
    assert diagnosis.table[1]["kind"] == ".bin"


@pytest.fixture
def lora(tmp_path: Path, base: Path) -> Path:
    """A checkpoint of verl with LoRA that names its base."""
    folder = tmp_path / "lora" / "global_step_4" / "actor" / "lora_adapter"
    config = LoraConfig(r=2, lora_alpha=16, target_modules=["q_proj"], init_lora_weights=False)
    get_peft_model(build(), config).save_pretrained(folder)
    edit_config(folder, base_model_name_or_path=str(base))
    return folder


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_adapter(tmp_path: Path, lora: Path, base: Path) -> None:
    diagnosis = examine(tmp_path / "lora", None, deep=True)
    assert diagnosis.faults == []
    assert diagnosis.facts["base"] == str(base)
    assert diagnosis.table[1]["kind"] == "LoRA adapter, r=2, alpha=16"
    assert diagnosis.table[1]["changed"].startswith("2 of ")  # one matrix in each of two layers
    assert diagnosis.table[1]["where"] == "global_step_4/actor/lora_adapter"
    edit_config(lora, use_rslora=True)
    assert "rank-stabilised" in examine(tmp_path / "lora", None).table[1]["kind"]


def test_an_adapter_without_its_base(tmp_path: Path, lora: Path) -> None:
    edit_config(lora, base_model_name_or_path=None)
    diagnosis = examine(tmp_path / "lora", None)
    assert "pass --base REF" in only_fault(diagnosis)
    assert diagnosis.table[0]["kind"] == "LoRA adapter, r=2, alpha=16"


def test_an_adapter_whose_alpha_was_not_kept(tmp_path: Path, lora: Path) -> None:
    # What verl's merger writes.
    edit_config(lora, lora_alpha=0)
    fault = only_fault(examine(tmp_path / "lora", None))
    assert str(lora / "adapter_config.json") in fault
    assert "lora_alpha=0" in fault


def test_an_adapter_that_cannot_be_merged(tmp_path: Path, lora: Path, base: Path) -> None:
    edit_config(lora, peft_type="LOHA")
    assert "LOHA" in only_fault(examine(tmp_path / "lora", base))


def test_accuracies(run: Path, base: Path) -> None:
    assert examine(run, base).facts["accuracies"] == "none"
    path = run / "accuracies.json"
    path.write_text('{"5": 0.25, "10": 0.5}')
    assert examine(run, base).facts["accuracies"] == f"accuracy from 0.25 to 0.5, in {path}"
    # A run is judged without them: a mistake in them is no fault of the run.
    path.write_text('{"5": 25, "10": 50}')
    diagnosis = examine(run, base)
    assert not diagnosis.faults
    assert diagnosis.facts["accuracies"] == "none"
    assert any("divide percentages by 100" in note for note in diagnosis.notes)
    path.unlink()
    log = [{"step": 10, "reward": 0.5}, {"reward": 1, "note": "of another callback"}]
    (run / "trainer_state.json").write_text(json.dumps({"log_history": log}))
    diagnosis = examine(run, base)
    assert not diagnosis.faults
    assert diagnosis.facts["accuracies"].startswith("mean training reward from 0.5 to 0.5")
    assert any("before step 5" in note for note in diagnosis.notes)


def test_unmerged_shards(tmp_path: Path, base: Path) -> None:
    actor = tmp_path / "run" / "global_step_5" / "actor"
    actor.mkdir(parents=True)
    (actor / "model_world_size_2_rank_0.pt").touch()
    assert "python -m verl.model_merger merge" in only_fault(examine(tmp_path / "run", base))


def test_a_run_that_is_not_there(base: Path) -> None:
    assert "/no/where" in only_fault(examine("/no/where", base))


def test_a_damaged_config(run: Path, base: Path) -> None:
    (base / "config.json").write_text("{")
    assert str(base / "config.json") in only_fault(examine(run, base))


def test_what_a_layout_is_known_for(tmp_path: Path, base: Path) -> None:
    trained(build(), tmp_path / "run" / "global_step5_hf")
    assert any("moving average" in note for note in examine(tmp_path / "run", base).notes)


def test_many_steps_and_many_faults_stay_readable(tmp_path: Path) -> None:
    diagnosis = Diagnosis("mine", faults=[f"file {i}: fault" for i in range(30)])
    assert diagnosis.text().count("fault") == 20
    assert "and 10 more" in diagnosis.text()
    for step in range(1, 40):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "model.safetensors").touch()
    found = examine(tmp_path, None).facts["checkpoints"]
    assert found.startswith("39, at step 1, 2, 3")
    assert found.endswith("…, 39")


def test_checkpoints_on_the_hub_are_not_downloaded(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    names = ["DAPO-step-1", "DAPO-step-2"]
    monkeypatch.setattr(
        hub.HfApi, "list_models", lambda *_, **__: [_Model(f"lab/{name}") for name in names]
    )

    def forbidden(*_: object, **__: object) -> None:
        pytest.fail("a download")

    monkeypatch.setattr(hub, "_downloaded", forbidden)
    diagnosis = examine("lab/DAPO-step-*", base)
    assert diagnosis.faults == []
    assert [row.get("kind") for row in diagnosis.table[1:]] == ["not downloaded"] * 2
    assert any("2 checkpoints are only on the Hub" in note for note in diagnosis.notes)


class _Model:
    def __init__(self, name: str) -> None:
        self.id = name


def test_what_a_run_says_is_shown_as_text(tmp_path: Path, base: Path) -> None:
    run = tmp_path / "run\x1b[2J"
    shutil.copytree(base, run / "checkpoint-1")
    config = {"architectures": ["\u202eQwen3"], "model_type": "a\nb"}
    (run / "checkpoint-1" / "config.json").write_text(json.dumps(config))
    tensors = load_file(base / "model.safetensors") | {"odd\x1b]0;name\x07": torch.ones(1)}
    save_file(tensors, run / "checkpoint-1" / "model.safetensors")
    text = examine(run, base, deep=True).text()
    assert all(line.isprintable() for line in text.split("\n"))
    for shown in (r"run\x1b[2J", r"odd\x1b]0;name\x07"):
        assert shown in text


@pytest.mark.parametrize("content", ["[]", "7", "[" * 1000, '{"architectures": [1]}', "\x00", ""])
def test_an_odd_config_is_a_fault(tmp_path: Path, base: Path, content: str) -> None:
    run = tmp_path / "run"
    shutil.copytree(base, run)
    (run / "config.json").write_text(content)
    faults = examine(run, run).faults
    assert any(f"{run / 'config.json'}: not the config of a model" in fault for fault in faults)
