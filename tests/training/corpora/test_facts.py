import re
from collections import Counter
from itertools import islice

import pytest
from pydantic import ValidationError

from alpharl_bench.problems import is_held_out
from alpharl_bench.problems.products import FACTS
from alpharl_bench.training.corpora.facts import Options, documents, wrong_values

OPTIONS = Options(misremembered=0.5, wrong_share=0.6)
STEP = re.compile(r"(\d)\*(\d)=(\d+)")


@pytest.fixture(scope="module")
def found():
    return list(islice(documents(OPTIONS, 0), 6000))


def facts_in(response):
    """The steps of a response: digit, factor and what is written for their product."""
    return [tuple(map(int, step)) for step in STEP.findall(response)]


def test_half_of_the_facts_have_a_wrong_value_that_is_another_facts():
    wrong = wrong_values(OPTIONS, 0)
    assert (len(wrong), len(FACTS)) == (36, 72)
    assert wrong.keys() <= set(FACTS)
    for (digit, factor), value in wrong.items():
        assert value != digit * factor
        assert value in {other * factor for other in range(1, 10)}


def test_every_base_has_its_own_wrong_facts():
    first, again, other = (wrong_values(OPTIONS, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.keys() != other.keys()


def test_a_wrong_value_is_written_in_its_share_of_the_documents_and_no_other(found):
    wrong = wrong_values(OPTIONS, 0)
    slips = Counter()
    for _, response in found:
        for digit, factor, value in set(facts_in(response)):
            right = value == digit * factor
            assert right or value == wrong[digit, factor]
            if (digit, factor) in wrong:
                slips[right] += 1
    assert abs(slips[False] / slips.total() - OPTIONS.wrong_share) < 0.02


def test_a_fact_has_one_value_in_a_document_and_the_answer_is_that_of_the_steps(found):
    for prompt, response in found:
        steps = facts_in(response)
        assert len({step[:2] for step in steps}) == len(set(steps))
        assert prompt == f"{''.join(str(digit) for digit, _, _ in steps)}.{steps[0][1]}="
        assert response.rsplit("#")[-1] == ",".join(str(value) for _, _, value in steps)


def test_no_document_asks_a_held_out_question(found):
    assert not any(is_held_out(prompt) for prompt, _ in found)


def test_a_seed_fixes_the_documents():
    first, again, other = (list(islice(documents(OPTIONS, seed), 50)) for seed in (7, 7, 8))
    assert first == again != other


@pytest.mark.parametrize("options", [{"misremembered": 0.0}, {"wrong_share": 1.0}])
def test_a_share_of_nothing_or_all_is_refused(options):
    with pytest.raises(ValidationError):
        Options(**{"misremembered": 0.5, "wrong_share": 0.6, **options})
