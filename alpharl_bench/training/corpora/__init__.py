"""The documents that a nano base is pretrained on: a module for each corpus.

To add a corpus, write a module with ``Options`` and ``documents``, and a line in ``CORPORA``; its
name becomes a possible value of ``corpus`` in a model's ``[pretraining]``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.registry import Model, unknown
from alpharl_bench.training.corpora import carry, facts, styles, worked
from alpharl_bench.training.corpora.options import CorpusOptions
from alpharl_bench.training.corpora.turns import game_turns

Document = tuple[str, str]
_Documents = Callable[[Any, int], Iterator[Document]]
#: The options of a corpus, and what makes its documents of them and a seed.
CORPORA: Mapping[str, tuple[type[CorpusOptions], _Documents]] = {
    "carry": (carry.Options, carry.documents),
    "facts": (facts.Options, facts.documents),
    "styles": (styles.Options, styles.documents),
    "worked": (worked.Options, worked.documents),
}


def options_of(model: Model) -> CorpusOptions:
    """The options of the corpus that a model is pretrained on, checked.

    Raises:
        AlphaRLBenchError: there is no such corpus, or it does not take these options.
    """
    recipe = model.recipe
    place = f"models/{model.name}.toml: pretraining"
    if recipe.corpus not in CORPORA:
        raise AlphaRLBenchError(f"{place}: {unknown('corpus', recipe.corpus, CORPORA)}")
    kind, _ = CORPORA[recipe.corpus]
    try:
        return kind.model_validate(recipe.options)
    except ValidationError as error:
        faults = "; ".join(f"options.{fault}" for fault in faults_of(error))
        raise AlphaRLBenchError(f"{place}: {faults}") from error


def documents(model: Model) -> Iterator[Document]:
    """An endless stream of prompts with their responses; no prompt of a problem is held out."""
    recipe, options = model.recipe, options_of(model)
    _, of_corpus = CORPORA[recipe.corpus]
    stream, turns = of_corpus(options, model.seed), game_turns(model.seed)
    rng = np.random.default_rng([model.seed, *b"mixture"])
    while True:
        yield next(turns if rng.random() < recipe.game_share else stream)
