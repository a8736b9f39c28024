"""Chat templates of users' models, which are programs: rendered in a limited process first.

Jinja's sandbox keeps a template from the machine, not from a loop or a text without an end.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import TimeoutError as OutOfTime
from pathlib import Path

from alpharl_bench.checkpoints.config import load_tokenizer
from alpharl_bench.errors import AlphaRLBenchError, reason_of
from alpharl_bench.extras import requiring
from alpharl_bench.formatting import size_text, time_text
from alpharl_bench.limited import LimitedWorkers
from alpharl_bench.limits import TEMPLATE_BYTES, TEMPLATE_CHARACTERS, TEMPLATE_SECONDS
from alpharl_bench.training.tokenizer import TEMPLATES

with requiring("score"):
    from pebble import ProcessExpired

_WORKERS = LimitedWorkers("transformers.models.auto.tokenization_auto", TEMPLATE_BYTES, alone=True)


def require_renderable(folder: Path, template: object, prompts: Sequence[str]) -> None:
    """Refuse a model whose chat template does not end, or not well, for any of the prompts.

    Args:
        folder: the model; its tokenizer is loaded in another process.
        template: its template; one of our own bases is known and not tried.
        prompts: what is to be said to it, a turn each.

    Raises:
        AlphaRLBenchError: the template fails, or takes too much time, memory or text.
    """
    if template in TEMPLATES.values():
        return
    task = (str(folder), tuple(prompts))
    found = _WORKERS.done(render, [task], TEMPLATE_SECONDS)[task]
    if not isinstance(found, BaseException):
        return
    if isinstance(found, OutOfTime):
        reason = f"takes more than {time_text(TEMPLATE_SECONDS)}"
    elif isinstance(found, ProcessExpired | MemoryError):
        reason = f"takes more than {size_text(TEMPLATE_BYTES)} of memory"
    else:
        reason = f"fails ({reason_of(found)})"
    raise AlphaRLBenchError(
        f"--prompt chat: the chat template of {folder} {reason}; mend the template, or ask with "
        "--prompt plain"
    ) from found


def render(folder: str, prompts: Sequence[str]) -> None:
    """Render prompts as the engine will; what a worker does.

    Raises:
        Exception: whatever the template raises.
    """
    tokenizer = load_tokenizer(Path(folder))
    for prompt in prompts:
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        if len(text) > len(prompt) + TEMPLATE_CHARACTERS:
            raise ValueError(f"it makes {len(text)} characters of {len(prompt)}")
