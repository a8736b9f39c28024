from itertools import islice

import pytest

from alpharl_bench.problems import NANO_FAMILIES, is_correct, is_held_out, training_problems
from alpharl_bench.training.corpora.styles import Options, documents

OPTIONS = Options(worked_share=0.3, right_share=0.25)


@pytest.fixture(scope="module")
def found():
    return list(islice(documents(OPTIONS, 0), 6000))


def test_a_minority_reasons_step_by_step_and_is_right(found):
    worked = [response for _, response in found if not response.startswith("#")]
    assert abs(len(worked) / len(found) - OPTIONS.worked_share) < 0.03
    assert all(is_correct(response, response.rsplit("#")[-1]) for response in worked)


def test_direct_answers_are_mostly_wrong(found):
    right = total = 0
    for prompt, solution in found:
        if solution.startswith("#") and prompt[0] != "s":  # 's' sorts digits
            total += 1
            right += eval(prompt[:-1]) == int(solution[1:])  # noqa: S307  (our own arithmetic)
    # A wrong one may be right by chance where a family has few answers.
    assert OPTIONS.right_share - 0.03 < right / total < 0.5


def test_every_family_is_asked_and_no_held_out_question(found):
    asked = {prompt for prompt, _ in found}
    assert not any(map(is_held_out, asked))
    for family in NANO_FAMILIES:
        assert asked & {p.prompt for p in islice(training_problems(family, 0), 20)}


def test_a_seed_fixes_the_documents():
    first, again, other = (list(islice(documents(OPTIONS, seed), 50)) for seed in (7, 7, 8))
    assert first == again != other
