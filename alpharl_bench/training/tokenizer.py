"""A character-level tokenizer in the ordinary Hugging Face form."""

import string

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

PAD, EOS = "<|pad|>", "<|endoftext|>"
_CHARACTERS = "\n" + string.digits + string.ascii_letters + string.punctuation + " "


def character_tokenizer() -> PreTrainedTokenizerFast:
    """One token per printable ASCII character; id 0 pads (on the left), id 1 ends a document."""
    vocabulary = {token: i for i, token in enumerate([PAD, EOS, *_CHARACTERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=" "))  # noqa: S106  (a blank is no password)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
