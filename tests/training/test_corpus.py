from itertools import islice

from alpharl_bench.problems import is_held_out
from alpharl_bench.registry import load_registry
from alpharl_bench.training.corpus import documents

RECIPE = load_registry().model("qwen3-nano").pretraining


def sample(seed=0, count=6000):
    return list(islice(documents(RECIPE, seed), count))


def parts(document):
    prompt, solution = document.split("=", 1)
    return prompt + "=", solution


def test_a_minority_reasons_step_by_step():
    worked = [d for d in sample() if not parts(d)[1].startswith("#")]
    assert abs(len(worked) / 6000 - RECIPE.worked_share) < 0.03


def test_direct_answers_are_mostly_wrong():
    right = total = 0
    for document in sample():
        prompt, solution = parts(document)
        if solution.startswith("#") and prompt[0] != "s":  # 's' sorts digits
            total += 1
            right += eval(prompt[:-1]) == int(solution[1:])  # noqa: S307  (our own arithmetic)
    # A wrong one may be right by chance where a family has few answers.
    assert RECIPE.right_share - 0.03 < right / total < 0.5


def test_no_document_asks_a_held_out_question():
    assert not any(is_held_out(parts(d)[0]) for d in sample())


def test_a_seed_fixes_the_corpus():
    assert sample(seed=7, count=50) == sample(seed=7, count=50)
    assert sample(seed=7, count=50) != sample(seed=8, count=50)
