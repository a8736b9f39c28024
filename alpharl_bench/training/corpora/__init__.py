"""The documents that a nano base is pretrained on: a module for each corpus.

To add a corpus, write a module with ``Options`` and ``documents``, and a line in ``CORPORA``; its
name becomes a possible value of ``corpus`` in a model's ``[pretraining]``. ``class_of`` tells its
questions apart by what is hard in them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.registry import Model, unknown
from alpharl_bench.training.corpora import carry, facts, styles, worked
from alpharl_bench.training.corpora.options import CorpusOptions
from alpharl_bench.training.corpora.turns import game_turns

Document = tuple[str, str]


@dataclass(frozen=True)
class Corpus:
    """A kind of document.

    Args:
        options: the options that it takes.
        documents: makes its documents of the options and a seed.
        class_of: from the options and a seed to what tells questions apart; None where nothing
            does.
    """

    options: type[CorpusOptions]
    documents: Callable[[Any, int], Iterator[Document]]
    class_of: Callable[[Any, int], Callable[[str], str]] | None = None


CORPORA: Mapping[str, Corpus] = {
    "carry": Corpus(carry.Options, carry.documents, carry.class_of),
    "facts": Corpus(facts.Options, facts.documents, facts.class_of),
    "styles": Corpus(styles.Options, styles.documents),
    "worked": Corpus(worked.Options, worked.documents),
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
    try:
        return CORPORA[recipe.corpus].options.model_validate(recipe.options)
    except ValidationError as error:
        faults = "; ".join(f"options.{fault}" for fault in faults_of(error))
        raise AlphaRLBenchError(f"{place}: {faults}") from error


def documents(model: Model) -> Iterator[Document]:
    """An endless stream of prompts with their responses; no prompt of a problem is held out."""
    recipe, options = model.recipe, options_of(model)
    stream = CORPORA[recipe.corpus].documents(options, model.seed)
    turns = game_turns(model.seed)
    rng = np.random.default_rng([model.seed, *b"mixture"])
    while True:
        yield next(turns if rng.random() < recipe.game_share else stream)
