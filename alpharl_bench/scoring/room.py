"""Whether prompts and responses fit into the positions of a model."""

from collections.abc import Iterator
from typing import Any, Protocol

from alpharl_bench.checkpoints import Run
from alpharl_bench.checkpoints.config import load_config, load_tokenizer
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring.chat import require_renderable
from alpharl_bench.scoring.encoding import encoding_of
from alpharl_bench.scoring.engines import TokenizerOf
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Asked

#: Tokens of a response that no user asked to be shorter: with fewer a chain of thought is cut off.
_ROOM = 1024


class Questions(Protocol):
    """The questions of tasks of one kind, to be put to any model."""

    @property
    def max_tokens(self) -> int:
        """The longest response that is allowed."""

    def limit(self, tokens: int) -> None:
        """Allow no response to be longer."""

    def prompts(self) -> Iterator[tuple[str, str]]:
        """Names of tasks and texts that are put, the longest among them."""

    def ask(self, lm: Any, *, chat: bool) -> Asked:
        """Put all questions to lm-eval's model, in its chat template or bare, and grade."""


def fitted(
    run: Run, questions: Questions, sampling: Sampling, whose: TokenizerOf
) -> tuple[int, tuple[str, ...]]:
    """Make questions fit into a model's positions.

    Engines cut a prompt that does not fit, and go on; such an answer says nothing. Of responses as
    long as the tasks allow, no more is allowed than there is room for.

    Args:
        run: the run whose base is asked.
        questions: the questions; their responses may be limited.
        sampling: how they are asked.
        whose: whose tokenizer and chat template they are put with.

    Returns:
        Tokens of the longest prompt and the longest response together, and a note on what was
        limited.

    Raises:
        AlphaRLBenchError: a prompt leaves no room worth the name, or less than was asked for.
    """
    folder = encoding_of(run, whose).tokenizer
    tokenizer, config = load_tokenizer(folder), load_config(run.base)
    most = getattr(config.get_text_config(), "max_position_embeddings", None)
    if sampling.prompt == "chat" and not tokenizer.chat_template:
        raise AlphaRLBenchError(
            f"--prompt chat: the tokenizer of {folder} has no chat template; ask with "
            "--prompt paper-rl, paper-sft or plain"
        )
    names, prompts = zip(*questions.prompts(), strict=True)
    if sampling.prompt == "chat":
        require_renderable(folder, tokenizer.chat_template, prompts)
        prompts = tuple(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
            )
            for prompt in prompts
        )
    tokens = tokenizer(list(prompts), return_attention_mask=False)["input_ids"]
    rows, highest = config.get_text_config().vocab_size, max(max(put, default=0) for put in tokens)
    if highest >= rows:
        raise AlphaRLBenchError(
            f"--tokenizer {whose}: the tokenizer of {folder} gives token {highest}, and the base "
            f"{run.base} has {rows} rows of embeddings: it cannot be asked so"
        )
    longest, name = max(zip(map(len, tokens), names, strict=True))
    needed = longest + questions.max_tokens
    if most is None or needed <= most:
        return needed, ()
    # One token less than there is room for: engines that read a whole response write one behind it.
    room = most - longest - 1
    if sampling.max_tokens is None and room >= _ROOM:
        questions.limit(room)
        note = (
            f"{run.base}: has {most:,} positions; responses end after {room:,} tokens, where the "
            "tasks allow more"
        )
        return longest + room, (note,)
    raise AlphaRLBenchError(
        f"task '{name}': a prompt of {longest} tokens and a response of up to "
        f"{questions.max_tokens} do not fit into the {most} positions of {run.base}; "
        + (
            f"ask for --max-tokens {most - longest} or fewer"
            if most > longest
            else "leave this task out"
        )
    )
