from itertools import islice

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import is_held_out
from alpharl_bench.registry import load_registry
from alpharl_bench.training.corpora import CORPORA, documents, options_of

MODELS = {name: m for name, m in load_registry().models.items() if m.pretraining is not None}
FACTS = MODELS["qwen3-facts"]


def changed(**recipe):
    """A model of the registry with another recipe."""
    pretraining = FACTS.recipe.model_copy(update=recipe)
    return FACTS.model_copy(update={"pretraining": pretraining})


@pytest.mark.parametrize("name", MODELS)
def test_the_documents_of_every_base_are_of_its_corpus_without_a_held_out_question(name):
    model = MODELS[name]
    found = list(islice(documents(model), 2000))
    turns = [prompt for prompt, _ in found if prompt.endswith(":")]
    assert abs(len(turns) / len(found) - model.recipe.game_share) < 0.02
    corpus = CORPORA[model.recipe.corpus]
    others = [document for document in found if not document[0].endswith(":")]
    options = corpus.options(**model.recipe.options)
    alone = list(islice(corpus.documents(options, model.seed), len(others)))
    assert others == alone
    assert not any(is_held_out(prompt) for prompt, _ in others)


def test_a_seed_fixes_the_mixture():
    first, again = (list(islice(documents(FACTS), 100)) for _ in range(2))
    other = list(islice(documents(FACTS.model_copy(update={"seed": 5})), 100))
    assert first == again != other


def test_a_share_of_no_games_is_none_of_them():
    found = islice(documents(changed(game_share=0)), 1000)
    assert not any(prompt.endswith(":") for prompt, _ in found)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            {"corpus": "fact"},
            r"models/qwen3-facts.toml: pretraining: unknown corpus 'fact'; did you mean 'facts'\?",
        ),
        (
            {"options": {"misremembered": 0.5}},
            r"models/qwen3-facts.toml: pretraining: options.wrong_share: Field required",
        ),
        (
            {"options": {"misremembered": 0.5, "wrong_share": 0.6, "worked_share": 1}},
            r"models/qwen3-facts.toml: pretraining: options.worked_share: Extra inputs",
        ),
    ],
)
def test_a_wrong_corpus_or_option_is_named_with_its_file(recipe, message):
    with pytest.raises(AlphaRLBenchError, match=message):
        options_of(changed(**recipe))


def test_a_model_that_is_not_pretrained_here_has_no_documents():
    with pytest.raises(AlphaRLBenchError, match=r"models/smollm2.toml: is not pretrained here"):
        next(documents(load_registry().model("smollm2")))
