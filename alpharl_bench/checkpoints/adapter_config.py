"""The config of a LoRA adapter, read as peft reads it; what cannot be merged is refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

import regex
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveInt,
    TypeAdapter,
)

from alpharl_bench.checkpoints.candidates import ADAPTER_CONFIG
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.limits import CONFIG_BYTES
from alpharl_bench.untrusted import read_json

# Options of peft's LoraConfig that have no part in the merged weights.
_HARMLESS = frozenset(
    {
        *("auto_mapping", "inference_mode", "peft_version", "revision", "task_type"),
        *("exclude_modules", "layers_pattern", "layers_to_transform", "target_modules"),
        *("ensure_weight_tying", "lora_dropout", "modules_to_save"),
        # Of the backward pass alone.
        "velora_config",
        # Settings of methods that another option turns on.
        *("loftq_config", "megatron_core", "qalora_group_size"),
        *("eva_config", "corda_config", "lora_ga_config"),
    }
)
# Initialisations that leave the base as it is. PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA take what
# they start from out of it: the adapter belongs to another base than it names.
_LEAVES_BASE = frozenset({"true", "false", "none", "gaussian", "eva", "orthogonal", "mica"})
# A pattern is matched with every module: one that does not end is a fault of the file.
_SECONDS = 1.0
V = TypeVar("V")


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


class AdapterConfig(BaseModel):
    """The options of ``adapter_config.json`` that decide the merged weights."""

    model_config = ConfigDict(extra="allow", frozen=True)

    peft_type: str
    base_model_name_or_path: str | None = None
    r: PositiveInt = 8  # this and the others as peft has them
    lora_alpha: FiniteFloat = 8
    use_rslora: bool = False
    use_dora: bool = False
    bias: str = "none"
    fan_in_fan_out: bool = False
    rank_pattern: Annotated[dict[str, PositiveInt], BeforeValidator(_or_empty)] = {}
    alpha_pattern: Annotated[dict[str, FiniteFloat], BeforeValidator(_or_empty)] = {}
    init_lora_weights: bool | str | None = True
    path: Path = Field(default=Path(ADAPTER_CONFIG), exclude=True)  # for messages

    @property
    def unsupported(self) -> list[str]:
        """The options that this module does not know how to merge, by name."""
        if self.peft_type != "LORA":
            return [f"peft_type={self.peft_type}"]
        named = []
        if self.lora_alpha == 0:
            # As verl's merger writes it: every update would be scaled to nothing.
            named.append("lora_alpha=0")
        if self.bias != "none":
            named.append(f"bias={self.bias}")
        if not self.leaves_base:
            named.append(f"init_lora_weights={self.init_lora_weights}")
        extra: dict[str, Any] = self.model_extra or {}
        return named + [
            f"{name}={value}" for name, value in extra.items() if value and name not in _HARMLESS
        ]

    @property
    def leaves_base(self) -> bool:
        """Whether training started from the weights of the base that the adapter names."""
        return str(self.init_lora_weights).lower() in _LEAVES_BASE

    @property
    def revision(self) -> str | None:
        """The revision of the base, if the adapter names one."""
        named = (self.model_extra or {}).get("revision")
        return str(named) if named else None

    def rank(self, module: str) -> int:
        """The rank of a module, by its name as peft has it.

        Raises:
            AlphaRLBenchError: a pattern is no regular expression, or takes too long.
        """
        return self._matching("rank_pattern", self.rank_pattern, module, self.r)

    def scale(self, module: str) -> float:
        """What B·A of a module is multiplied by: α/r, or α/√r (arXiv 2312.03732).

        Raises:
            AlphaRLBenchError: as :meth:`rank`.
        """
        rank = self.rank(module)
        alpha = self._matching("alpha_pattern", self.alpha_pattern, module, self.lora_alpha)
        return alpha / (math.sqrt(rank) if self.use_rslora else rank)

    def _matching(self, option: str, values: Mapping[str, V], module: str, default: V) -> V:
        """The value of the first pattern that fits a module, as peft's ``get_pattern_key``."""
        for text, pattern in self._patterns[option].items():
            try:
                if pattern.match(module, timeout=_SECONDS):
                    return values[text]
            except TimeoutError as error:
                raise AlphaRLBenchError(
                    f"{self.path}: {option}: {text[:80]!r} takes more than {_SECONDS:g} s for "
                    f"'{module}'; write it without nested repetitions"
                ) from error
        return values.get(module, default)

    @cached_property
    def _patterns(self) -> dict[str, dict[str, regex.Pattern[str]]]:
        """The compiled patterns of ranks and alphas, by their texts in order."""
        compiled: dict[str, dict[str, regex.Pattern[str]]] = {}
        for option in ("rank_pattern", "alpha_pattern"):
            of_option = compiled.setdefault(option, {})
            for text in getattr(self, option):
                try:
                    of_option[text] = regex.compile(rf"(.*\.)?({text})$")
                except regex.error as error:
                    raise AlphaRLBenchError(
                        f"{self.path}: {option}: {text[:80]!r} is no regular expression: {error}"
                    ) from error
        return compiled


def read_adapter_config(folder: Path) -> AdapterConfig:
    """The adapter's options.

    Raises:
        AlphaRLBenchError: the file is missing, damaged, or asks for what cannot be merged here.
    """
    path = folder / ADAPTER_CONFIG
    # Made here, as the class is complete only now.
    kind = TypeAdapter(AdapterConfig)
    read = read_json(path, kind, "the config of a LoRA adapter", CONFIG_BYTES)
    config = read.model_copy(update={"path": path})
    if config.unsupported:
        raise AlphaRLBenchError(
            f"{path}: {', '.join(config.unsupported)} is not supported; "
            + (
                "merge the adapter with the library that made it and give the merged folder"
                if config.leaves_base
                else "this start changes the base: save the adapter with peft's "
                "path_initial_model_for_weight_conversion, or give the merged folder"
            )
        )
    return config
