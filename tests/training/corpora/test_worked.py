from itertools import islice

import pytest
from pydantic import ValidationError

from alpharl_bench.problems import in_prefix_notation, is_held_out, training_problems
from alpharl_bench.training.corpora.worked import Options, documents

OPTIONS = Options(families=("facts", "carry"), prefix_share=0.5)


@pytest.fixture(scope="module")
def found():
    return list(islice(documents(OPTIONS, 0), 3000))


@pytest.fixture(scope="module")
def known():
    """Both solutions by prompt of the problems that are drawn, and of more."""
    return {
        problem.prompt: (problem.worked_solution, in_prefix_notation(problem))
        for family in OPTIONS.families
        for problem in islice(training_problems(family, 0), 3000)
    }


def test_a_solution_is_always_right_in_one_of_two_notations(found, known):
    notations = [known[prompt].index(response) for prompt, response in found]
    assert abs(sum(notations) / len(notations) - OPTIONS.prefix_share) < 0.03


def test_without_a_share_there_is_one_notation():
    options = Options(families=("addition",))
    first = islice(training_problems("addition", 0), 50)
    assert list(islice(documents(options, 0), 50)) == [(p.prompt, p.worked_solution) for p in first]


def test_all_families_are_asked_alike_and_no_held_out_question(found):
    products = sum("." in prompt for prompt, _ in found)
    assert abs(products / len(found) - 0.5) < 0.03
    assert not any(is_held_out(prompt) for prompt, _ in found)


def test_there_is_something_to_solve():
    with pytest.raises(ValidationError):
        Options(families=())
