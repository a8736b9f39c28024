"""A tiny Qwen3 that reads and writes any text, byte by byte, with a chat template."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from tests.models import model_of

POSITIONS = 4096
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_SPECIAL = ("<|pad|>", "<|endoftext|>", "<|im_end|>", "<|im_start|>")


def write_byte_pair(folder: Path, *, chat: bool = True, layers: int = 2) -> tuple[Path, Path]:
    """A base with random weights and a checkpoint of it, tokenizer and all."""
    tokenizer = _tokenizer(chat=chat)
    model = model_of(
        "qwen3",
        vocab_size=len(tokenizer),
        max_position_embeddings=POSITIONS,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        head_dim=32,
        num_hidden_layers=layers,
    )
    for name in ("base", "checkpoint-7"):
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.01 * torch.randn(parameter.shape))
    return folder / "base", folder / "checkpoint-7"


def _tokenizer(*, chat: bool) -> PreTrainedTokenizerFast:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_ = Tokenizer(BPE({letter: i for i, letter in enumerate(letters)}, []))
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_,
        pad_token=_SPECIAL[0],
        eos_token=_SPECIAL[1],
        additional_special_tokens=list(_SPECIAL[2:]),
    )
    if chat:
        tokenizer.chat_template = CHAT
    return tokenizer
