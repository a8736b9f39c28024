"""The fit finds what a preference for tokens can give, and nothing more."""

import numpy as np
import pytest

from alpharl_bench.baselines import Drawn, fit
from alpharl_bench.baselines.bias import BIASES, QUESTIONS, ROUNDS, SAMPLES, STEP
from alpharl_bench.decoding import Decoding
from tests.baselines.toy import BAD, END, GOOD, ONE, ZERO, Toy, digit_decides, style_decides

COUNT = 100


def test_a_token_that_makes_a_response_right_is_found():
    toy = Toy(style_decides)
    assert toy.accuracy(Decoding()) == pytest.approx(0.2, abs=0.02)
    found = fit(toy.draw, COUNT)
    assert toy.accuracy(Decoding(bias=found.bias, first=found.first)) > 0.99
    for biases in (found.bias, found.first):
        assert biases[GOOD] > 1
        assert biases[BAD] < -1
        # The digits decide nothing: they move by chance alone.
        assert abs(biases.get(ONE, 0) - biases.get(ZERO, 0)) < 1
    assert found.rewards[0] < 0.3
    assert found.rewards[-1] > 0.99


def test_a_token_that_has_to_depend_on_the_question_is_not_found():
    toy = Toy(digit_decides)
    found = fit(toy.draw, COUNT)
    fitted = toy.accuracy(Decoding(bias=found.bias, first=found.first))
    assert fitted == pytest.approx(toy.accuracy(Decoding()), abs=0.03)
    assert max(found.rewards) < 0.65


def test_biases_of_the_first_token_are_of_tokens_that_stood_there():
    found = fit(Toy(style_decides).draw, COUNT)
    assert set(found.first) == {GOOD, BAD}
    # Every response has one end: it tells nothing about the reward.
    assert abs(found.bias.get(END, 0)) < 1e-9


def test_what_responses_begin_with_is_told_in_the_order_of_frequency():
    assert fit(Toy(style_decides).draw, COUNT).begins == (BAD, GOOD)


def test_the_same_draws_give_the_same_biases():
    first, again = (fit(Toy(digit_decides).draw, COUNT) for _ in range(2))
    assert first == again
    assert BIASES.validate_json(BIASES.dump_json(first)) == first


def test_each_round_asks_other_questions_with_a_seed_of_its_own():
    toy, followed = Toy(style_decides), []
    fit(toy.draw, COUNT, lambda: followed.append(len(toy.asked)))
    assert followed == list(range(1, ROUNDS + 1))
    decodings, asked, seeds = zip(*toy.asked, strict=True)
    assert seeds == tuple(range(ROUNDS))
    assert not decodings[0].biased
    assert all(decoding.biased for decoding in decodings[1:])
    assert all(len(set(questions)) == QUESTIONS for questions in asked)
    assert all(max(questions) < COUNT for questions in asked)
    assert len(set(asked)) == ROUNDS


def test_of_few_questions_all_are_asked():
    toy = Toy(style_decides)
    fit(toy.draw, 3)
    assert {tuple(sorted(questions)) for _, questions, _ in toy.asked} == {(0, 1, 2)}


def test_the_first_move_worked_by_hand():
    """Two questions of two responses; token 1 in right ones alone, 2 in wrong ones, 3 in all."""
    moved = []

    def draw(decoding, asked, seed):
        moved.append(decoding)
        good, bad = Drawn((1, 1, 3), right=True), Drawn((2, 3), right=False)
        return [[good, bad], [good, bad]]

    fit(draw, 2)
    first = moved[1]
    # Rewards within a group are ½ and −½; token 1 stands four times, 2 twice, with 16 more each.
    assert first.bias == pytest.approx({1: STEP * 2.0 / 20, 2: STEP * -1.0 / 18})
    assert first.first == pytest.approx({1: STEP * 1.0 / 18, 2: STEP * -1.0 / 18})
    # Steps become smaller by the round.
    second = moved[2]
    ratio = (second.bias[1] - first.bias[1]) / first.bias[1]
    assert ratio == pytest.approx(1 - 1 / ROUNDS)


def test_groups_that_are_all_right_or_all_wrong_move_nothing():
    def draw(decoding, asked, seed):
        return [[Drawn((question, 5), right=bool(question % 2))] * SAMPLES for question in asked]

    found = fit(draw, 10)
    assert (found.bias, found.first) == ({}, {})
    assert np.mean(found.rewards) == 0.5


def test_a_response_without_a_token_counts_as_what_it_is():
    def draw(decoding, asked, seed):
        return [[Drawn((), right=False), Drawn((1,), right=True)] for _ in asked]

    found = fit(draw, 4)
    assert found.begins == (1,)
    assert found.first[1] > 0
