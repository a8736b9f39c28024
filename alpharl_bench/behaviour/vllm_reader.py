"""Chains through vLLM, which says of every token of a prompt how likely it was, and no more."""

from collections.abc import Collection, Sequence
from typing import Any

from vllm import SamplingParams

from alpharl_bench.behaviour.divergence import Diverged
from alpharl_bench.behaviour.reading import Read
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.engines import Backend
from alpharl_bench.variants import Variant

_Tokens = Sequence[Sequence[int]]


class VLLMReader:
    """See :class:`~alpharl_bench.behaviour.readers.Reader`.

    One engine holds one model, and gives no distribution but of the tokens that are there: what is
    compared is estimated from these, without bias.

    Args:
        engine: the open engine.
    """

    def __init__(self, engine: ScoringEngine) -> None:
        self._engine = engine
        # What was read last of a writer's own chains: every variant is held against it.
        self._own: tuple[Variant, _Tokens, list[Read]] | None = None

    def go_on(
        self,
        writer: Variant,
        prompts: _Tokens,
        rooms: Sequence[int],
        stops: Collection[int],
        temperature: float,
        seeds: Sequence[int],
    ) -> list[list[int]]:
        """Continue token sequences; each sample has a seed of its own."""
        params = [
            SamplingParams(
                max_tokens=room,
                temperature=temperature,
                # vLLM counts seeds in 64 bits with a sign.
                seed=seeds[i] % 2**63 if temperature else None,
                stop_token_ids=sorted(stops),
                detokenize=False,
            )
            for i, room in enumerate(rooms)
        ]

        def work(backend: Backend) -> list[list[int]]:
            outputs = _generated(backend, prompts, params)
            return [list(output.outputs[0].token_ids) for output in outputs]

        return self._engine.use_variant(writer, work)

    def read(self, reader: Variant, prompts: _Tokens, chains: _Tokens) -> list[Read]:
        """Read a chain behind every prompt."""
        # Of each token, and of the likeliest in its place. One token is generated for nothing.
        params = SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=1, detokenize=False)
        whole = [[*prompt, *chain] for prompt, chain in zip(prompts, chains, strict=True)]

        def work(backend: Backend) -> list[Read]:
            outputs = _generated(backend, whole, [params] * len(whole))
            return [
                _read(output.prompt_logprobs[len(prompt) :], chain)
                for output, prompt, chain in zip(outputs, prompts, chains, strict=True)
            ]

        return self._engine.use_variant(reader, work)

    def compare(
        self, writer: Variant, reader: Variant, prompts: _Tokens, chains: _Tokens
    ) -> list[Diverged]:
        """What the drawn tokens say of the divergence."""
        if self._own is None or self._own[:2] != (writer, chains):
            self._own = writer, chains, self.read(writer, prompts, chains)
        own = self._own[2]
        other = own if reader == writer else self.read(reader, prompts, chains)
        return [
            Diverged(None, sum(after.surprise) - sum(before.surprise))
            for before, after in zip(own, other, strict=True)
        ]


def _generated(backend: Backend, prompts: _Tokens, params: list[SamplingParams]) -> list[Any]:
    found: list[Any] = backend.lm.model.generate(
        [{"prompt_token_ids": list(prompt)} for prompt in prompts],
        params,
        lora_request=backend.lm.lora_request,
        use_tqdm=False,
    )
    return found


def _read(known: Sequence[Any], chain: Sequence[int]) -> Read:
    """From what vLLM knows of each token: by token its log-probability and its rank from 1."""
    return Read(
        tuple(min(of, key=lambda token: of[token].rank) for of in known),
        tuple(-of[token].logprob for of, token in zip(known, chain, strict=True)),
    )
