from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.scoring.metrics import majority_at_k, mean_at_k, pass_at_k

MARKS = st.text("10x-", min_size=1, max_size=8)


@given(MARKS, st.data())
def test_pass_at_k_is_the_share_of_draws_with_a_right_response(marks, data):
    k = data.draw(st.integers(1, len(marks)))
    draws = list(combinations(marks, k))
    assert pass_at_k(marks, k) == pytest.approx(np.mean(["1" in drawn for drawn in draws]))
    assert pass_at_k(marks) == float("1" in marks)


@given(MARKS)
def test_pass_at_1_is_the_mean(marks):
    assert pass_at_k(marks, 1) == pytest.approx(mean_at_k(marks))
    assert mean_at_k(marks) == np.mean([mark == "1" for mark in marks])


@pytest.mark.parametrize(
    ("marks", "answers", "value"),
    [
        ("110", ["7", "7", "8"], 1),
        ("1000", ["7", "8", "8", "9"], 0),
        ("100", ["7", "8", "9"], 1 / 3),
        ("1-x-", ["7", None, None, None], 1),
        ("--", [None, None], 0),
        ("1100", ["7", "7", "8", "8"], 1 / 2),
    ],
    ids=["majority", "outvoted", "all tie", "no answer has no vote", "nobody votes", "two tie"],
)
def test_the_majority_by_hand(marks, answers, value):
    assert majority_at_k(marks, answers) == pytest.approx(value)
