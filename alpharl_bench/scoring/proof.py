"""Proof that an engine wears a variant, before anything of it is scored.

What a model makes of one fixed text tells: the log-probabilities of its tokens. Tolerances are
measured by ``python -m benchmarks.proof``, whose figures docs/performance.md has.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from alpharl_bench.checkpoints import Weights, is_expert, module_names
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.scoring.engines import Dtype
from alpharl_bench.variants import FULL
from alpharl_bench.variants.materialise import Change, Update, UpdateSource
from alpharl_bench.variants.patch import PatchedModel
from alpharl_bench.variants.rounding import Rounding

#: Tokens of the text.
LENGTH = 32
#: Parameters of the largest model that transformers reads the text with, beside another engine:
#: in float32 it takes 4 bytes of each, and a few seconds a variant.
AFFORDABLE = 1_000_000_000
#: ‖W − W_0‖/‖W_0‖ of a matrix from which on probabilities are never those of the base to the bit.
SEEN: Mapping[Dtype, float] = MappingProxyType({"float32": 1e-6, "float16": 1e-4, "bfloat16": 1e-3})
#: What rounding may add to or take from log-probabilities, as a part of their size, by the dtype of
#: the engine: errors grow with the logits.
TOLERANCE: Mapping[Dtype, float] = MappingProxyType(
    {"float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}
)
#: An error of an update that is not worth a word, as a part of its norm.
TRACE = 0.01
#: What rounding may add to or take from a variant's effect, as a part of it.
PART: Mapping[Dtype, float] = MappingProxyType({"float32": 0.01, "float16": 0.1, "bfloat16": 0.3})


def fixed_text(vocabulary: int) -> list[int]:
    """The text: random tokens, always the same of a vocabulary."""
    tokens: list[int] = np.random.default_rng(0).integers(vocabulary, size=LENGTH).tolist()
    return tokens


@torch.no_grad()
def log_probabilities(model: PreTrainedModel, text: list[int]) -> torch.Tensor:
    """(n − 1,) float32, nats: the log-probability of every token of a text but the first."""
    tokens = torch.tensor([text], device=model.device)
    logits = model(input_ids=tokens).logits[0, :-1].float()
    found: torch.Tensor = logits.log_softmax(-1).gather(-1, tokens[0, 1:, None])[:, 0].cpu()
    return found


def require_effect(
    label: str, found: torch.Tensor, base: torch.Tensor, moved: float, dtype: Dtype
) -> None:
    """A model whose weights differ from the base's must make another thing of the text.

    Args:
        label: the name of the variant.
        found: what the model makes of the text.
        base: what the base makes of it.
        moved: how far the weights are from the base's, as :class:`PatchedModel` has it; below
            ``SEEN`` nothing is required, as all of it may be lost when activations are rounded.
        dtype: the model's.

    Raises:
        AlphaRLBenchError: it does not, or a value is not finite.
    """
    if not bool(torch.isfinite(found).all()):
        raise AlphaRLBenchError(
            f"'{label}': the model's probabilities are not finite in {dtype}; ask for another "
            "--dtype"
        )
    if moved >= SEEN[dtype] and torch.equal(found, base):
        raise AlphaRLBenchError(
            f"'{label}': its weights differ from the base's and its probabilities do not: the "
            "engine does not use them; nothing is scored"
        )


def notes_on_rounding(
    label: str, dtype: Dtype, rounding: Rounding, compared: Compared, *, rounded_away: bool
) -> tuple[str, ...]:
    """What is to be known of a variant that an engine wears in fewer bits than float32.

    What computing in them does to an effect is said of the whole training alone.

    Args:
        label: the name of the variant.
        dtype: the engine's.
        rounding: what is left of an update that was added to the weights; nothing of any other.
        compared: the engine beside float32.
        rounded_away: whether the weights differ from the base's, and the engine does not.
    """
    if rounded_away:
        return (f"'{label}' is the base in {dtype}: rounding takes all of its update away",)
    found = []
    if dtype != "float32" and rounding.error > TRACE:
        found.append(
            f"'{label}': {rounding.kept:.0%} of its update is left in {dtype}, with an error of "
            f"{rounding.error:.0%} of its norm; --dtype float32 keeps all of it"
        )
    if dtype != "float32" and label == FULL.label:
        known = "measured against float32" if compared.measured else "by what it is on others"
        found.append(
            f"'{label}': the effect of the training on a fixed text is {compared.effect:.2g} nats "
            f"a token, and {dtype} is off by {compared.lost:.2g} ({known}); --dtype float32 "
            "resolves smaller effects"
        )
    return tuple(found)


def distance(change: Update | Weights, base: Weights, enough: float) -> float:
    """The largest ‖W − W_0‖/‖W_0‖ of a matrix in the layers, or the first that is enough.

    Args:
        change: an update, or a whole model.
        base: W_0.
        enough: no matrix is read after one that is as far.
    """
    found = 0.0
    if change is base:
        return found
    for name in change if isinstance(change, Mapping) else module_names(base):
        if is_expert(name):
            continue
        moved = change[name].sigma if isinstance(change, Mapping) else change.delta(base, name)
        found = max(found, float(moved.norm() / base.tensor(name).float().norm()))
        if found >= enough:
            break
    return found


class Reference:
    """The same variants in transformers, float32 on the CPU: what another engine must agree with.

    Args:
        source: the run's base and updates.
        text: the fixed text.
    """

    def __init__(self, source: UpdateSource, text: list[int]) -> None:
        with quiet_libraries():
            model = AutoModelForCausalLM.from_pretrained(
                source.run.base, dtype=torch.float32, generation_config=GenerationConfig()
            )
        self._patched = PatchedModel(model.eval(), source)
        self._text = text
        self._base = self._read(source.base)

    def _read(self, change: Change) -> torch.Tensor:
        """What a variant makes of the text."""
        with self._patched.changed(change) as model:
            return log_probabilities(model, self._text)

    def require(
        self, label: str, change: Change, found: torch.Tensor, base: torch.Tensor, dtype: Dtype
    ) -> Compared:
        """An engine that wears a variant must agree with transformers on the text.

        Both the probabilities and their differences from the base's, in which the engine's own
        rounding is mostly gone.

        Args:
            label: the name of the variant.
            change: what makes it of the base.
            found: what the engine makes of the text.
            base: what the engine makes of it with the base.
            dtype: the engine's.

        Returns:
            How far it is from transformers.

        Raises:
            AlphaRLBenchError: it does not agree, or a value is not finite.
        """
        compared = self.compared(change, found, base, dtype)
        require_effect(label, found, base, self._patched.moved, dtype)
        if not compared.agrees:
            raise AlphaRLBenchError(
                f"'{label}': the engine's log-probabilities of a fixed text differ by "
                f"{compared.wrong:.2g} nats from those that transformers computes with the same "
                f"weights (at most {compared.allowed:.2g} is rounding in {dtype}; the variant "
                f"differs from the base by {compared.effect:.2g}): the engine does not use these "
                "weights; nothing is scored. --engine hf scores it"
            )
        return compared

    @property
    def asked(self) -> bool:
        """Whether the weights of the last variant are other than the base's at all."""
        return self._patched.asked

    def compared(
        self, change: Change, found: torch.Tensor, base: torch.Tensor, dtype: Dtype
    ) -> Compared:
        """How far an engine is from transformers; arguments as of :meth:`require`."""
        expected = self._read(change)
        effect, lost = (
            _rms(expected - self._base),
            _rms((found - base) - (expected - self._base)),
        )
        wrong = max(_rms(found - expected), lost)
        allowed = TOLERANCE[dtype] * _rms(expected) + PART[dtype] * effect
        return Compared(_rms(expected), effect, wrong, allowed, lost, measured=True)


def supposed(found: torch.Tensor, base: torch.Tensor, dtype: Dtype) -> Compared:
    """The same of a model that float32 is not computed of: rounding is what it is on others."""
    size, effect = _rms(found), _rms(found - base)
    rounding = TOLERANCE[dtype] * size
    return Compared(
        size, effect, rounding, rounding + PART[dtype] * effect, rounding, measured=False
    )


class Compared(NamedTuple):
    """Root mean squares in nats.

    Of the log-probabilities, of the variant's effect on them, of the disagreement, how much of that
    may be rounding, and of the disagreement on the effect alone; whether float32 was computed.
    """

    size: float
    effect: float
    wrong: float
    allowed: float
    lost: float
    measured: bool

    @property
    def agrees(self) -> bool:
        """Whether it is rounding alone; of NaN it is not."""
        return self.wrong <= self.allowed


def _rms(difference: torch.Tensor) -> float:
    return float(difference.square().mean().sqrt())
