import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.training.gae import at_last_token, generalised_advantages, whitened


def test_advantages_worked_by_hand():
    # Two tokens, reward 1 at the end, V = (0.5, 0.25), γ = 0.5, λ = 0.5:
    # δ_1 = 1 − 0.25 = 0.75 and δ_0 = 0.5 · 0.25 − 0.5 = −0.375,
    # A_1 = 0.75 and A_0 = −0.375 + 0.25 · 0.75 = −0.1875. A token of padding follows.
    rewards = torch.tensor([[0.0, 1.0, 0.0]])
    values = torch.tensor([[0.5, 0.25, 9.0]])
    mask = torch.tensor([[1, 1, 0]])
    advantages, returns = generalised_advantages(rewards, values, mask, discount=0.5, decay=0.5)
    assert advantages.tolist() == [[-0.1875, 0.75, 0.0]]
    assert returns.tolist() == [[0.3125, 1.0, 0.0]]


def test_without_discount_and_decay_every_return_is_the_terminal_reward():
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]])
    rewards = at_last_token(torch.tensor([1.0, -2.0]), mask)
    values = torch.tensor([[0.2, 0.4, 0.7], [0.5, 8.0, 8.0]])
    advantages, returns = generalised_advantages(rewards, values, mask, discount=1, decay=1)
    assert returns.tolist() == [[1, 1, 1], [-2, 0, 0]]
    torch.testing.assert_close(advantages, torch.tensor([[0.8, 0.6, 0.3], [-2.5, 0, 0]]))


def definition(rewards, values, discount, decay):
    """The sum of definition: A_t = Σ_k (γλ)^k δ_{t+k}, for one response without padding."""
    values = [*values, 0.0]
    errors = [r + discount * values[t + 1] - values[t] for t, r in enumerate(rewards)]
    return [
        sum((discount * decay) ** k * error for k, error in enumerate(errors[t:]))
        for t in range(len(rewards))
    ]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5), st.integers(0, 99), st.data())
def test_advantages_are_the_sum_that_defines_them(lengths, seed, drawn):
    discount, decay = (drawn.draw(st.sampled_from([0.0, 0.3, 0.9, 1.0])) for _ in range(2))
    rng = np.random.default_rng(seed)
    rewards, values = rng.normal(size=(2, len(lengths), max(lengths)))
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
    advantages, _ = generalised_advantages(
        *(torch.tensor(array) for array in (rewards, values, mask)), discount=discount, decay=decay
    )
    for i, length in enumerate(lengths):
        expected = definition(rewards[i, :length], values[i, :length], discount, decay)
        np.testing.assert_allclose(advantages[i, :length], expected, atol=1e-12)
        assert not advantages[i, length:].any()


def test_a_reward_goes_to_the_last_token():
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 0, 0]])
    placed = at_last_token(torch.tensor([3.0, 4.0, 5.0]), mask)
    assert placed.tolist() == [[0, 3, 0], [0, 0, 4], [0, 0, 0]]


def test_whitening_counts_the_tokens_alone():
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    # Mean 3, standard deviation of 1, 3 and 5 is √(8/3).
    got = whitened(torch.tensor([[1.0, 3.0, 100.0], [5.0, 100.0, 100.0]]), mask)
    unit = 2 / np.sqrt(8 / 3)
    assert got.tolist() == [[pytest.approx(-unit), 0, 0], [pytest.approx(unit), 0, 0]]


def test_equal_advantages_are_whitened_to_nothing():
    assert not whitened(torch.ones(2, 3), torch.ones(2, 3, dtype=torch.long)).any()
