"""Training and scored questions never meet."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import (
    FAMILIES,
    held_out_problems,
    is_held_out,
    training_problems,
)

FAMILY = st.sampled_from(sorted(FAMILIES))
SEED = st.integers(0, 2**32)


@given(FAMILY, SEED, SEED)
@settings(deadline=None, max_examples=60)
def test_no_training_prompt_is_ever_scored(family: str, training: int, scored: int) -> None:
    trained_on = {p.prompt for p in islice(training_problems(family, training), 150)}
    held_out = {p.prompt for p in held_out_problems(family, 25, scored)}
    assert trained_on.isdisjoint(held_out)
    assert all(map(is_held_out, held_out))
    assert not any(map(is_held_out, trained_on))


@given(FAMILY, st.integers(0, 40), SEED)
@settings(deadline=None, max_examples=60)
def test_as_many_different_questions_as_asked_for(family: str, count: int, seed: int) -> None:
    prompts = [p.prompt for p in held_out_problems(family, count, seed)]
    assert len(prompts) == len(set(prompts)) == count


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_fixes_the_questions_and_another_seed_asks_others(family: str) -> None:
    first = held_out_problems(family, 25, seed=3)
    assert held_out_problems(family, 25, seed=3) == first
    assert held_out_problems(family, 25, seed=4) != first
    stream = list(islice(training_problems(family, 3), 25))
    assert list(islice(training_problems(family, 3), 25)) == stream
    assert list(islice(training_problems(family, 4), 25)) != stream


def test_more_questions_begin_with_the_same_ones() -> None:
    assert held_out_problems("chain", 30, seed=0)[:10] == held_out_problems("chain", 10, seed=0)


def test_about_a_fifth_of_all_additions_is_held_out() -> None:
    prompts = [f"{a}+{b}=" for a in range(10, 100) for b in range(10, 100)]
    held_out = sum(map(is_held_out, prompts))
    # A fair fifth of 8100 is 1620, with a standard deviation of 36.
    assert 1620 - 5 * 36 < held_out < 1620 + 5 * 36


def test_too_many_questions_are_refused_with_the_option_and_the_family() -> None:
    # 90 dividends and 7 divisors: 630 prompts in all, a fifth of them held out.
    with pytest.raises(AlphaRLBenchError, match=r"--questions 631.*'modulo'"):
        held_out_problems("modulo", 631, seed=0)


@given(FAMILY, st.integers(0, 40), st.integers(0, 40), SEED)
@settings(deadline=None, max_examples=40)
def test_what_comes_behind_the_first_questions(
    family: str, count: int, skip: int, seed: int
) -> None:
    both = held_out_problems(family, skip + count, seed)
    assert held_out_problems(family, count, seed, skip) == both[skip:]


def test_too_few_are_left_behind_those_that_are_scored() -> None:
    with pytest.raises(AlphaRLBenchError, match=r"'modulo'.*held out, and 80 of them are scored"):
        held_out_problems("modulo", 80, seed=0, skip=80)
