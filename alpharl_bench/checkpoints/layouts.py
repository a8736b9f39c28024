"""Where each trainer puts its checkpoints. To add a trainer is to add one entry to ``LAYOUTS``."""

import re
from dataclasses import dataclass

#: The step folder itself.
ITSELF = ""


@dataclass(frozen=True)
class Layout:
    """How a trainer names the folder of a step.

    Args:
        name: the trainers that name it so.
        pattern: the whole name of a step folder; each group is a number that differs between the
            steps of a run, and ``step``, or the only group, is the step.
        source: where the trainer names it so: a repository, and a path in it.
        inside: where in a step folder the weights may lie; the first that holds some is taken.
        note: a remark for users about weights in this layout.
        counted_from: the number in the name after the first update. It is 1, and 0 where a trainer
            names a checkpoint by the index of its last update.
    """

    name: str
    pattern: re.Pattern[str]
    source: str
    inside: tuple[str, ...] = (ITSELF,)
    note: str = ""
    counted_from: int = 1


_FROM_0 = "counts updates from 0: the steps here are by 1 above the numbers in the names"
LAYOUTS = (
    Layout(
        "Hugging Face Trainer, TRL, LlamaFactory, ms-swift, Unsloth, axolotl",
        re.compile(r"checkpoint-(\d+)"),
        "huggingface/transformers: src/transformers/trainer_utils.py (PREFIX_CHECKPOINT_DIR)",
    ),
    Layout(
        "ms-swift, merged",
        re.compile(r"checkpoint-(\d+)-merged"),
        "modelscope/ms-swift: swift/llm/export/merge_lora.py",
    ),
    Layout(
        "verl",
        re.compile(r"global_steps?_(\d+)"),
        "volcengine/verl: verl/trainer/ppo/ray_trainer.py, verl/model_merger",
        # An adapter goes first: beside one, verl's merger writes the untrained base.
        (
            "actor/lora_adapter",
            "actor/huggingface/lora_adapter",
            "actor/huggingface",
            "hf_model",
            "huggingface",
            "actor",
            ITSELF,
        ),
    ),
    Layout(
        "SkyRL",
        re.compile(r"global_steps?_(\d+)"),
        "NovaSky-AI/SkyRL: skyrl-train/skyrl_train/trainer.py (save_models, to export_path)",
        ("policy",),
    ),
    Layout(
        "OpenRLHF",
        re.compile(r"global_step(\d+)_hf"),
        "OpenRLHF/OpenRLHF: openrlhf/trainer/ray/ppo_actor.py",
        note="OpenRLHF saves the moving average of the weights here if enable_ema was set",
    ),
    Layout(
        "oat, SPIRAL, prime-rl",
        re.compile(r"step_(\d+)"),
        "sail-sg/oat: oat/learners/base.py; PrimeIntellect-ai/prime-rl: docs/checkpointing.md",
    ),
    Layout(
        "NeMo-RL",
        re.compile(r"step_(\d+)"),
        "NVIDIA-NeMo/RL: nemo_rl/utils/checkpoint.py, nemo_rl/utils/automodel_checkpoint.py",
        ("policy/weights/model/consolidated", "policy/weights/model", "policy/weights"),
    ),
    Layout(
        "NeMo-RL, converted",
        re.compile(r"step_(\d+)-hf"),
        "NVIDIA-NeMo/RL: docs/design-docs/checkpointing.md (examples/converters)",
    ),
    Layout(
        "AReaL",
        re.compile(r"epoch(\d+)epochstep(\d+)globalstep(?P<step>\d+)"),
        "inclusionAI/AReaL: areal/utils/saver.py (get_save_checkpoint_path)",
        note=f"AReaL {_FROM_0}",
        counted_from=0,
    ),
    Layout(
        "slime",
        re.compile(r"(?:.*[-_])?iter_(\d+)(?:[-_]hf)?"),
        "THUDM/slime: slime/backends/megatron_utils/actor.py (save_hf), tools/convert_to_hf.py",
        (ITSELF, "hf"),
        note=f"slime {_FROM_0}",
        counted_from=0,
    ),
    Layout(
        "one folder per step",
        re.compile(r"(?:.*-)?step-(\d+)"),
        "",
    ),
)


@dataclass(frozen=True)
class Shards:
    """Weights that only their trainer can put together.

    Args:
        name: the name of the format.
        marker: the file or folder that gives them away.
        inside: where in a checkpoint the marker may lie.
        remedy: what makes a model of them, with ``{at}`` for the folder that holds the marker.
    """

    name: str
    marker: str
    inside: tuple[str, ...]
    remedy: str


_VERL_MERGE = "merge them with `python -m verl.model_merger merge --backend"
_VERL_PATHS = "--local_dir {at} --target_dir {at}/huggingface`"
SHARDS = (
    Shards(
        "verl FSDP shards",
        "model_world_size_*_rank_*.pt",
        ("actor", ITSELF),
        f"{_VERL_MERGE} fsdp {_VERL_PATHS}",
    ),
    Shards(
        "verl Megatron shards",
        "dist_ckpt",
        ("actor", ITSELF),
        f"{_VERL_MERGE} megatron {_VERL_PATHS}",
    ),
    Shards(
        "SkyRL FSDP shards",
        "model_world_size_*_rank_*.pt",
        ("policy",),
        "SkyRL exports models where trainer.hf_save_interval is set: name trainer.export_path",
    ),
    Shards(
        "DeepSpeed ZeRO shards",
        "zero_to_fp32.py",
        (ITSELF,),
        "merge them with `python {at}/zero_to_fp32.py {at} {at} --safe_serialization`",
    ),
    Shards(
        "FSDP shards of accelerate",
        "pytorch_model_fsdp_0",
        (ITSELF,),
        "merge them with `accelerate merge-weights {at}/pytorch_model_fsdp_0 {at}`",
    ),
    Shards(
        "safetensors shards of NeMo-RL's workers",
        "shard-*-model-*.safetensors",
        ("policy/weights/model",),
        "save them with checkpointing.save_consolidated, or consolidate them by NeMo Automodel's "
        "offline_hf_consolidation.py",
    ),
    Shards(
        "shards of torch's distributed checkpoint",
        "*.distcp",
        ("policy/weights/model", "policy/weights", "trainer", ITSELF),
        "convert {at} by its trainer's converter: examples/converters/convert_dcp_to_hf.py of "
        "NeMo-RL, tools/convert_torch_dist_to_hf.py of slime; prime-rl writes models to weights/ "
        "where ckpt.weights is set",
    ),
)


@dataclass(frozen=True)
class StepName:
    """What the name of a step folder (or of a branch, or of a repository) says.

    Args:
        step: the number of updates that were made.
        family: the name with ``*`` for its numbers: all checkpoints of one run have the same.
        before: the name up to the step.
        layouts: those that name a step so; trainers differ in where the weights lie inside.
    """

    step: int
    family: str
    before: str
    layouts: tuple[Layout, ...]


def step_name(name: str) -> StepName | None:
    """Read the name of a step folder; None if it is none."""
    layouts = tuple(layout for layout in LAYOUTS if layout.pattern.fullmatch(name))
    match = layouts[0].pattern.fullmatch(name) if layouts else None
    if match is None:
        return None
    family, end = "", 0
    for group in range(1, len(match.groups()) + 1):
        family, end = f"{family}{name[end : match.start(group)]}*", match.end(group)
    of_step = "step" if "step" in match.groupdict() else 1
    return StepName(
        int(match[of_step]) + 1 - layouts[0].counted_from,
        family + name[end:],
        name[: match.start(of_step)],
        layouts,
    )
