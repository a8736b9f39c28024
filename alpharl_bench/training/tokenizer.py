"""A character-level tokenizer in the ordinary Hugging Face form, with real models' chat formats."""

import string

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from alpharl_bench.registry import Format

PAD, EOS = "<|pad|>", "<|endoftext|>"
_CHARACTERS = "\n" + string.digits + string.ascii_letters + string.punctuation + " "
#: How byte-level BPE writes the two characters that would not be seen in a vocabulary.
_AS_BYTES = str.maketrans({"\n": "Ċ", " ": "Ġ"})
#: Whole tokens, as in the vocabularies of the models whose formats these are.
_ROLES = ("user", "assistant")
_SPECIAL = (
    *("<|im_start|>", "<|im_end|>"),
    *("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("[gMASK]", "<sop>", "<|user|>", "<|assistant|>"),
)

#: Jinja templates; the assistant's last turn ends with the end token and nothing behind it.
TEMPLATES: dict[Format, str | None] = {
    # A base model: the question alone, no turns.
    "plain": None,
    # Qwen2.5, without its default system message.
    "chatml": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>"
        "{% if not loop.last or add_generation_prompt %}{{ '\n' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "llama3": (
        "<|begin_of_text|>{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>"
        "\n\n{{ m.content }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}"
        "<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
    ),
    # GLM-4 ends no turn; the end of text behind an answer is what its generation stops at.
    "glm4": (
        "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}"
        "{% if m.role == 'assistant' %}<|endoftext|>{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    ),
}
_ENDS: dict[Format, str] = {
    "plain": EOS,
    "chatml": "<|im_end|>",
    "llama3": "<|eot_id|>",
    "glm4": EOS,
}


def character_tokenizer(format_: Format = "plain") -> PreTrainedTokenizerFast:
    """One token per printable ASCII character, and the special tokens of all formats.

    All formats share one vocabulary, so a teacher of one can read a student's tokens of another.
    Id 0 pads (on the left), id 1 ends a text.

    Args:
        format_: decides over chat template and end token.
    """
    as_bytes = _CHARACTERS.translate(_AS_BYTES)
    vocabulary = {token: i for i, token in enumerate([PAD, EOS, *as_bytes, *_ROLES, *_SPECIAL])}
    # Byte-level BPE without a merge, because transformers reads the tokenizer of every Qwen2 folder
    # as that, whatever the folder says.
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(role, normalized=False) for role in _ROLES])
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in (PAD, EOS, *_SPECIAL)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=_ENDS[format_],
        padding_side="left",
        clean_up_tokenization_spaces=False,
        chat_template=TEMPLATES[format_],
    )


def conversation(tokenizer: PreTrainedTokenizerFast, prompt: str, response: str) -> str:
    """A prompt and its response as one text in the tokenizer's format, ended by its end token."""
    if tokenizer.chat_template is None:
        return f"{prompt}{response}{tokenizer.eos_token}"
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
    return str(tokenizer.apply_chat_template(turns, tokenize=False))
