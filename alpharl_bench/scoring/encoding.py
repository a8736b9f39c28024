"""How text becomes tokens and where a response ends: the same for every variant and engine."""

from dataclasses import dataclass
from pathlib import Path

from alpharl_bench.checkpoints import Run
from alpharl_bench.checkpoints.config import has_tokenizer
from alpharl_bench.checkpoints.configs import end_tokens, vocabulary_size
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring.engines import TokenizerOf


@dataclass(frozen=True)
class Encoding:
    """What every variant of a run is asked with.

    Args:
        tokenizer: the folder of the tokenizer and the chat template.
        ends: the tokens that end a response, ascending: those of the base and of the final
            checkpoint. A model that was trained to end with another token than its base would
            otherwise never end.
    """

    tokenizer: Path
    ends: tuple[int, ...]


def encoding_of(run: Run, tokenizer: TokenizerOf) -> Encoding:
    """The encoding of a run.

    Args:
        run: the run.
        tokenizer: whose tokenizer and chat template are used.

    Raises:
        AlphaRLBenchError: the checkpoint has no tokenizer of its own, or a config of it or of the
            base is damaged.
    """
    beside = run.final.beside
    if tokenizer == "checkpoint" and not has_tokenizer(beside):
        raise AlphaRLBenchError(
            f"--tokenizer checkpoint: {beside} has no tokenizer; ask with --tokenizer base"
        )
    folder = run.base if tokenizer == "base" else beside
    # A token without a row of the base's embeddings is none that a variant could end with.
    rows = vocabulary_size(run.base)
    ends = sorted(token for token in end_tokens(run.base) | end_tokens(beside) if token < rows)
    return Encoding(folder, tuple(ends))
