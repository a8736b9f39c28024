"""Teacher forcing against one token at a time."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.behaviour import reading
from alpharl_bench.behaviour.reading import Read, figures, read
from tests.models import DENSE, VOCABULARY, model_of

PROMPTS = [[5, 6, 7], [9], [3, 4, 5, 6, 7, 8], [11, 12], [7, 7]]
CHAINS = [[8, 9, 10, 2], [2], [], [13] * 9, [20, 21, 22]]


def one_at_a_time(model, prompt, chain):
    chosen, surprise = [], []
    for at, token in enumerate(chain):
        logits = model(torch.tensor([[*prompt, *chain[:at]]])).logits[0, -1].double()
        chosen.append(int(logits.argmax()))
        surprise.append(-float(logits.log_softmax(-1)[token]))
    return chosen, surprise


@pytest.mark.parametrize("architecture", DENSE)
@torch.no_grad()
def test_a_pass_reads_as_one_token_at_a_time(architecture):
    model = model_of(architecture).eval()
    for found, prompt, chain in zip(read(model, PROMPTS, CHAINS, 3), PROMPTS, CHAINS, strict=True):
        chosen, surprise = one_at_a_time(model, prompt, chain)
        assert list(found.chosen) == chosen
        assert found.surprise == pytest.approx(surprise, abs=1e-4)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
@pytest.mark.parametrize("room", [1, 7 * VOCABULARY, 2**28])
def test_neither_batch_nor_parts_of_a_sequence_change_what_is_read(monkeypatch, batch_size, room):
    model = model_of("qwen3").eval()
    alone = [read(model, [p], [c], 1)[0] for p, c in zip(PROMPTS, CHAINS, strict=True)]
    monkeypatch.setattr(reading, "_LOGITS", room)
    for found, expected in zip(read(model, PROMPTS, CHAINS, batch_size), alone, strict=True):
        assert found.chosen == expected.chosen
        assert found.surprise == pytest.approx(expected.surprise, abs=1e-4)


@torch.no_grad()
def test_perplexity_is_that_of_cross_entropy():
    model = model_of("llama").eval()
    (found,) = read(model, [PROMPTS[0]], [CHAINS[0]], 1)
    counted = figures(CHAINS[0], found)
    tokens = torch.tensor([PROMPTS[0] + CHAINS[0]])
    labels = tokens.clone()
    labels[:, : len(PROMPTS[0])] = -100
    loss = torch.nn.functional.cross_entropy(model(tokens).logits[0, :-1], labels[0, 1:])
    ours = math.exp(counted["surprise"] / counted["positions"])
    assert ours == pytest.approx(math.exp(float(loss)), rel=1e-5)


def test_figures_worked_by_hand():
    chain = list(range(21))  # its beginning: ⌈2.1⌉ = 3 tokens
    chosen = [0, 99, 2, *range(3, 20), 99]  # other choices at the second and the last position
    counted = figures(chain, Read(tuple(chosen), (0.5,) * 21))
    assert counted == {
        "positions": 21,
        "non-greedy": 2,
        "surprise": 10.5,
        "early positions": 3,
        "early non-greedy": 1,
    }
    assert set(figures([], Read((), ())).values()) == {0}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60))
@settings(deadline=None)
def test_the_beginning_is_a_part_of_the_chain(pairs):
    chain, chosen = [a for a, _ in pairs], tuple(b for _, b in pairs)
    counted = figures(chain, Read(chosen, (1.0,) * len(pairs)))
    assert counted["non-greedy"] == sum(a != b for a, b in pairs) <= counted["positions"]
    assert counted["early non-greedy"] <= min(counted["early positions"], counted["non-greedy"])
    assert (counted["early positions"] > 0) == bool(pairs)
