import re
from itertools import islice

import numpy as np
import pytest

from alpharl_bench.problems import is_held_out
from alpharl_bench.training.corpora.carry import Options, documents

OPTIONS = Options(written_share=0.5)
STEP = re.compile(r"(\d)\+(\d)(\+1)?=(\d+)")


@pytest.fixture(scope="module")
def found():
    return list(islice(documents(OPTIONS, 0), 4000))


@pytest.fixture(scope="module")
def steps(found):
    """Of every document and column, from the right: both digits, whether +1, the sum."""
    return [
        [(int(a), int(b), bool(one), int(total)) for a, b, one, total in STEP.findall(response)]
        for _, response in found
    ]


def test_a_carry_is_written_by_a_coin_whatever_is_due(steps):
    for column in (1, 2):
        written = np.array([document[column][2] for document in steps])
        due = np.array([document[column - 1][3] > 9 for document in steps])
        assert 0.2 < due.mean() < 0.8
        for of in (written[due], written[~due]):
            assert abs(of.mean() - OPTIONS.written_share) < 0.05
    assert not any(document[0][2] for document in steps)


def test_both_coins_are_thrown_apart(steps):
    tens, hundreds = np.array([[document[c][2] for c in (1, 2)] for document in steps]).T
    assert abs(np.corrcoef(tens, hundreds)[0, 1]) < 0.05


def test_the_share_is_that_of_the_options():
    few = islice(documents(Options(written_share=0.2), 0), 2000)
    written = [bool(one) for _, response in few for _, _, one, _ in STEP.findall(response)[1:]]
    assert abs(np.mean(written) - 0.2) < 0.03


def test_steps_and_answer_are_right_for_what_is_written(found, steps):
    for (prompt, response), columns in zip(found, steps, strict=True):
        a, b = (int(number) for number in prompt.removesuffix("=").split("+"))
        for place, (top, bottom, one, total) in enumerate(columns):
            assert (top, bottom) == (a // 10**place % 10, b // 10**place % 10)
            assert total == top + bottom + one
        (_, _, _, units), (_, _, _, tens), (_, _, _, hundreds) = columns
        assert response.rsplit("#")[-1] == f"{hundreds}{tens % 10}{units % 10}"


def test_no_document_asks_a_held_out_question(found):
    assert not any(is_held_out(prompt) for prompt, _ in found)


def test_a_seed_fixes_the_documents():
    first, again, other = (list(islice(documents(OPTIONS, seed), 50)) for seed in (7, 7, 8))
    assert first == again != other
