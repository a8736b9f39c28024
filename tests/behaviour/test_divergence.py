"""KL between policies: by hand, against scipy, and of whole responses by enumeration."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from alpharl_bench.behaviour.divergence import diverge
from tests.models import model_of

PROMPTS, CHAINS = [[3, 4], [5], [6, 7, 8]], [[9, 10, 11], [12], []]


@pytest.fixture(scope="module")
def pair():
    """Two models of one vocabulary, far apart."""
    torch.manual_seed(1)
    writer, reader = (model_of("qwen3").eval() for _ in range(2))
    with torch.no_grad():
        for parameter in reader.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return writer, reader


def next_token(model, tokens):
    """The next token's probabilities, float64, one sequence alone and without a cache."""
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0, -1].double()
    return logits.softmax(-1).numpy()


@pytest.mark.parametrize("batch_size", [1, 3])
def test_sums_over_a_chain_are_those_of_scipy(pair, batch_size):
    found = diverge(*pair, PROMPTS, CHAINS, batch_size)
    for prompt, chain, one in zip(PROMPTS, CHAINS, found, strict=True):
        nats = drawn = 0.0
        for n, token in enumerate(chain):
            p, q = (next_token(model, [*prompt, *chain[:n]]) for model in pair)
            nats += entropy(p, q)
            drawn += np.log(p[token] / q[token])
        assert one.nats == pytest.approx(nats, abs=1e-4)
        assert one.drawn == pytest.approx(drawn, abs=1e-4)
    assert found[0].nats > 0.1


def test_a_long_chain_is_read_in_parts(pair, monkeypatch):
    whole = diverge(*pair, PROMPTS, CHAINS, 3)
    monkeypatch.setattr("alpharl_bench.behaviour.reading._LOGITS", 1)
    parts = diverge(*pair, PROMPTS, CHAINS, 3)
    for one, other in zip(whole, parts, strict=True):
        assert other.nats == pytest.approx(one.nats, abs=1e-4)


def test_a_model_is_not_apart_from_itself(pair):
    for one in diverge(pair[0], pair[0], PROMPTS, CHAINS, 3):
        assert one.nats == one.drawn == 0


def test_both_have_the_mean_of_whole_responses(pair):
    """Over all responses of two tokens, each as often as it is drawn: the chain rule."""
    writer, reader = pair
    prompt, vocabulary = [3], writer.config.vocab_size
    responses = list(product(range(vocabulary), repeat=2))

    def of_pairs(model):
        first = next_token(model, prompt)
        second = np.array([next_token(model, [*prompt, token]) for token in range(vocabulary)])
        return (first[:, None] * second).ravel()

    p, q = of_pairs(writer), of_pairs(reader)
    found = diverge(writer, reader, [prompt] * len(responses), responses, 512)
    expected = entropy(p, q)
    assert p @ [one.nats for one in found] == pytest.approx(expected, rel=1e-3)
    assert p @ [one.drawn for one in found] == pytest.approx(expected, rel=1e-3)
    # Exact over the vocabulary: less of it is luck.
    exact, drawn = (
        np.sqrt(p @ (np.array(of) - expected) ** 2)
        for of in zip(*((one.nats, one.drawn) for one in found), strict=True)
    )
    assert exact < 0.7 * drawn
