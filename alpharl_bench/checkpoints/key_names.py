"""The same tensor under several names: wrappers of trainers, models around a language model, heads.

A name is only touched where it is not the base's already, and only if that makes it one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class Rename:
    """Two spellings of a name.

    Args:
        name: what the doctor calls it.
        pattern: what is replaced.
        replacement: by what.
        remark: where it comes from.
        wrapper: whether it is of a wrapper, under which transformers finds no weights.
    """

    name: str
    pattern: re.Pattern[str]
    replacement: str
    remark: str
    wrapper: bool = False


@dataclass(frozen=True)
class Part:
    """Tensors that a checkpoint or its base may have alone.

    Args:
        name: what the doctor calls them.
        pattern: finds them among names without wrappers.
        inherited: whether a checkpoint that lacks them has the base's.
    """

    name: str
    pattern: re.Pattern[str]
    inherited: bool


def _wrapper(name: str, pattern: str, remark: str) -> Rename:
    return Rename(name, re.compile(pattern), "", remark, wrapper=True)


_TOWERS = (
    r"visual|vision_tower|vision_model|vision_encoder|vision_embed_tokens|multi_modal_projector"
    r"|mm_projector|image_newline|embed_vision|audio_tower|embed_audio"
)
#: Spellings, in the order in which they are undone, again until no one applies.
RENAMES = (
    _wrapper("_orig_mod.", r"(?:^|(?<=\.))_orig_mod\.", "torch.compile"),
    _wrapper("_fsdp_wrapped_module.", r"(?:^|(?<=\.))_fsdp_wrapped_module\.", "FSDP"),
    _wrapper(
        "_checkpoint_wrapped_module.",
        r"(?:^|(?<=\.))_checkpoint_wrapped_module\.",
        "activation checkpointing",
    ),
    _wrapper("module.", r"^module\.", "data parallelism or DeepSpeed"),
    _wrapper("pretrained_model.", r"^pretrained_model\.", "a value head around the model"),
    _wrapper("base_model.model.", r"^base_model\.model\.", "peft"),
    _wrapper(".base_layer", r"\.base_layer(?=\.)", "a layer under an adapter of peft"),
    _wrapper(".modules_to_save", r"\.modules_to_save\.[^.]+(?=\.)", "a layer that peft trains"),
    Rename(
        "language_model.",
        re.compile(r"^(?:model\.)?language_model\.(?:model\.)?(?=lm_head\.)"),
        "",
        "the language model in a multimodal one",
    ),
    Rename(
        "language_model.",
        re.compile(r"^(?:model\.)?language_model\.(?:model\.)?"),
        "model.",
        "the language model in a multimodal one",
    ),
    Rename(
        "model.",
        re.compile(rf"^model\.(?=(?:{_TOWERS})\b)"),
        "",
        "the towers of a multimodal model",
    ),
    Rename(
        "model.",
        re.compile(r"^(?=(?:layers|embed_tokens|norm)\.)"),
        "model.",
        "a model that was saved without its head",
    ),
    Rename(
        "transformer.",
        re.compile(r"^(?=(?:h|wte|wpe|ln_f)\.)"),
        "transformer.",
        "a model that was saved without its head",
    ),
)
_WRAPPERS = tuple(rename for rename in RENAMES if rename.wrapper)
_VALUE_HEAD = r"^(?:v_head|value_head|critic_head|regression_head|score|classifier)\b"
_PREDICTION = "multi-token prediction"
#: What one side may have alone, where the other would have none of it.
PARTS = (
    Part("the value head", re.compile(_VALUE_HEAD), inherited=False),
    Part(_PREDICTION, re.compile(r"(?:^|\.)mtp(?:_\w+)?\."), inherited=True),
    Part("the vision or audio tower", re.compile(rf"^(?:{_TOWERS})\b"), inherited=True),
    Part("peft's copy of the base", re.compile(r"\.original_module\."), inherited=False),
)
# A layer of DeepSeek's kind of multi-token prediction, behind those of the model itself.
_PREDICTING = re.compile(r"(.*\.layers\.\d+)\.(?:eh_proj|enorm|hnorm|shared_head)\b")


@cache
def plain_name(name: str) -> tuple[str, frozenset[Rename]]:
    """The common spelling of a name, and which spellings were undone."""
    return _undone(name, RENAMES)


def unwrapped_name(name: str) -> str:
    """A name without the wrappers around it."""
    return _undone(name, _WRAPPERS)[0]


def _undone(name: str, renames: Sequence[Rename]) -> tuple[str, frozenset[Rename]]:
    used: set[Rename] = set()
    while True:
        before = name
        for rename in renames:
            name, count = rename.pattern.subn(rename.replacement, name, count=1)
            if count:
                used.add(rename)
        if name == before:
            return name, frozenset(used)


@dataclass
class Alignment:
    """How the names of a checkpoint are those of a base.

    Args:
        own: maps a name of the base to the checkpoint's own name of that tensor.
        unknown: own names of which the base has nothing.
        left_out: by part, own names of what the base has none of.
        inherited: by part, names of the base's of which the checkpoint has nothing.
        renamed: how many names differ by a spelling.
    """

    own: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    inherited: dict[str, list[str]] = field(default_factory=dict)
    renamed: Counter[Rename] = field(default_factory=Counter)

    @property
    def plain(self) -> bool:
        """Whether every name is the base's, and none is missing for a reason."""
        return not (self.renamed or self.left_out or self.inherited)


def align(names: Collection[str], base: Collection[str]) -> Alignment:
    """The names of a checkpoint as those of its base; two of one tensor leave the second unknown.

    Args:
        names: the checkpoint's.
        base: the base's.
    """
    of_base = set(base)
    found = Alignment(own={name: name for name in names if name in of_base})
    spelt = {plain_name(name)[0]: name for name in base if name not in found.own}
    rest = [name for name in names if name not in found.own]
    if not rest and not spelt:
        return found
    predicting = _predicting_layers([*names, *base])
    there = {part for name in base if (part := _part(name, predicting))}
    for name in rest:
        plain, used = plain_name(name)
        # Taken out once it is found: another name of the same tensor is one too many.
        if same := spelt.pop(plain, None):
            found.own[same] = name
            found.renamed.update(used ^ plain_name(same)[1])
        elif (part := _part(name, predicting)) and part not in there:
            found.left_out.setdefault(part.name, []).append(name)
        else:
            found.unknown.append(name)
    here = {part for name in names if (part := _part(name, predicting))}
    for name in spelt.values():
        part = _part(name, predicting)
        if part and part.inherited and part not in here:
            found.inherited.setdefault(part.name, []).append(name)
    return found


def wrapped_names(names: Iterable[str]) -> list[str]:
    """The names that stand under a wrapper: transformers loads none of them."""
    return [name for name in names if unwrapped_name(name) != name]


def _part(name: str, predicting: Collection[str]) -> Part | None:
    plain, _ = plain_name(name)
    for part in PARTS:
        of_layer = part.name == _PREDICTION and any(plain.startswith(at) for at in predicting)
        if of_layer or part.pattern.search(plain):
            return part
    return None


def _predicting_layers(names: Iterable[str]) -> set[str]:
    found = (_PREDICTING.match(plain_name(name)[0]) for name in names)
    return {f"{match[1]}." for match in found if match}
