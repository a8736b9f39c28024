"""Greedy and sampled chains against loops of one sequence and one token."""

import numpy as np
import pytest
import torch

from alpharl_bench.behaviour.chains import generate
from tests.models import model_of

PROMPTS = [[5, 6, 7], [9], [3, 4, 5, 6, 7, 8], [11, 12]]
STOPS = {2, 17}


@torch.no_grad()
def greedy(model, prompt, room, stops):
    tokens = []
    while len(tokens) < room and (not tokens or tokens[-1] not in stops):
        tokens.append(int(model(torch.tensor([[*prompt, *tokens]])).logits[0, -1].argmax()))
    return tokens


@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_greedy_chains_are_those_of_a_loop(batch_size):
    model = model_of("qwen3").eval()
    rooms = [12, 3, 1, 7]
    found = generate(model, PROMPTS, rooms, STOPS, batch_size)
    assert found == [greedy(model, p, n, STOPS) for p, n in zip(PROMPTS, rooms, strict=True)]


def test_a_chain_ends_behind_its_first_stop():
    model = model_of("qwen3").eval()
    free = generate(model, PROMPTS, [12] * 4, {2}, 4)
    stop = free[0][3]
    stopped = generate(model, PROMPTS, [12] * 4, {2, stop}, 4)
    for chain, whole in zip(stopped, free, strict=True):
        end = whole.index(stop) + 1 if stop in whole else len(whole)
        assert chain == whole[:end]
    assert len(stopped[0]) <= 4 < len(free[0])


def test_what_a_model_s_configuration_asks_for_does_not_change_the_greedy_choice():
    model = model_of("qwen3").eval()
    plain = generate(model, PROMPTS, [12] * 4, STOPS, 4)
    model.generation_config.repetition_penalty = 5.0
    model.generation_config.do_sample = True
    model.generation_config.top_k = 3
    assert generate(model, PROMPTS, [12] * 4, STOPS, 4) == plain


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_samples_are_distributed_as_the_model_says(temperature):
    model = model_of("llama").eval()
    with torch.no_grad():
        logits = model(torch.tensor([PROMPTS[0]])).logits[0, -1].double()
    # Of random weights all tokens are about as likely: made less even, to tell temperatures apart.
    model.lm_head.weight.data *= 20
    expected = (20 * logits / temperature).softmax(-1).numpy()
    n = 20_000
    found = generate(
        model, [PROMPTS[0]] * n, [1] * n, {2}, n, temperature=temperature, seeds=range(n)
    )
    counts = np.bincount([tokens[0] for tokens in found], minlength=len(expected)) / n
    # Five standard errors.
    assert np.all(np.abs(counts - expected) <= 5 * np.sqrt(expected * (1 - expected) / n) + 1e-9)
    assert expected.max() > 3 / len(expected)


def test_a_sample_follows_from_its_own_seed_alone():
    model = model_of("qwen3").eval()
    seeds = [3, 1, 4, 1]
    rooms = [9] * 4
    one, other = (
        generate(model, PROMPTS, rooms, STOPS, size, temperature=1.0, seeds=seeds)
        for size in (4, 1)
    )
    assert one == other
    again = generate(model, PROMPTS, rooms, STOPS, 4, temperature=1.0, seeds=[30, 10, 40, 10])
    assert again != one
