"""Names of passes, beginnings, cuts and likeness, worked by hand."""

import pytest

from alpharl_bench.behaviour import AnswerAgreement, Chains, Continuation, TeacherForced
from alpharl_bench.behaviour.agreement import alike
from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.measurements import beginning, chains_of, variants_of
from alpharl_bench.behaviour.prefixes import cut_at
from alpharl_bench.grading import Mark
from alpharl_bench.variants import BASE, FULL, rank

AFTER = Chains(FULL)


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, 0), (1, 1), (10, 1), (11, 2), (199, 20), (200, 20), (201, 20), (5000, 20)],
)
def test_the_beginning_is_a_tenth_or_twenty_tokens(length, expected):
    assert beginning(length) == expected


def test_a_cut_is_never_behind_the_end():
    assert [cut_at(4, length, "q") for length in (0, 3, 4, 9)] == [0, 3, 4, 4]
    assert cut_at("beginning", 30, "q") == 3
    random = [cut_at("random", 10, f"q{i}") for i in range(400)]
    assert set(random) == set(range(11))
    assert random == [cut_at("random", 10, f"q{i}") for i in range(400)]
    assert cut_at("random", 0, "q") == 0


def chain(*tokens, answer="7"):
    return Chain(tokens, "", Mark.WRONG, answer)


def test_chains_are_alike_in_the_other_s_beginning_and_in_the_answer():
    other = chain(*range(15))  # its beginning: two tokens
    assert alike(chain(0, 1, 9), other) == {"start": True, "answer": True, "both": True}
    assert alike(chain(0, 9), other) == {"start": False, "answer": True, "both": False}
    assert alike(chain(0, 1, answer="8"), other)["both"] is False
    assert alike(chain(0), other)["start"] is False
    nothing = chain(answer=None)
    assert alike(nothing, nothing) == {"start": True, "answer": False, "both": False}


def test_a_pass_names_its_columns_and_what_it_takes():
    reading = TeacherForced(rank(1), AFTER, of_another=True)
    assert reading["surprise"] == "rank-1 reads greedy full, of another question: surprise"
    with pytest.raises(KeyError):
        reading["right"]
    assert variants_of(reading) == (rank(1), FULL)
    likeness = AnswerAgreement(Chains(BASE), AFTER)
    assert chains_of(likeness) == (Chains(BASE), AFTER)
    labels = [Continuation(BASE, AFTER, cut).label for cut in (4, "beginning", "random")]
    assert labels[0] == "base from 4 tokens of greedy full"
    assert len(set(labels)) == 3
    assert Chains(BASE, "sampled").label == "sampled base"
