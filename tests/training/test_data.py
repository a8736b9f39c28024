from itertools import islice

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import (
    FAMILIES,
    held_out_problems,
    is_correct,
    is_held_out,
    training_problems,
)
from alpharl_bench.registry import load_registry
from alpharl_bench.training import data
from alpharl_bench.training.data import pairs, problems, prompts, solutions
from alpharl_bench.training.job import Job
from alpharl_bench.training.rewards import is_right
from tests.training.tiny import job, short, tiny_base

RUN = load_registry().run("qwen3-facts-grpo")
RECIPE = load_registry().algorithms["grpo"]
EVERY = tuple(FAMILIES)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {name: tiny_base(folder / name, name) for name in ("qwen3-facts", "llama3-facts")}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_prompts_and_scored_questions_never_overlap(seed, tmp_path):
    every = Job(RUN.model_copy(update={"seed": seed}), RECIPE, tmp_path, tmp_path, families=EVERY)
    asked = {problem.prompt for _, problem in problems(every)}
    assert len(asked) > 1000
    scored = {p.prompt for f in FAMILIES for p in held_out_problems(f, 60, seed)}
    assert not asked & scored
    assert not any(is_held_out(p) for p in asked)
    assert all(is_held_out(p) for p in scored)


def test_training_prompts_come_from_every_family_of_the_run_and_no_other(tmp_path):
    run = Job(RUN, RECIPE, tmp_path, tmp_path, families=("total", "largest"))
    asked = {problem.prompt for _, problem in problems(run)}
    families = {f: {p.prompt for p in islice(training_problems(f, 1), 50)} for f in FAMILIES}
    assert {f for f, some in families.items() if some <= asked} == {"total", "largest"}
    assert not asked & families["story"]


def test_a_prompt_is_a_turn_where_the_base_has_a_chat_format(bases, tmp_path):
    plain = prompts(job(short("grpo"), bases["qwen3-facts"], tmp_path))[0]
    chat = prompts(job(short("grpo"), bases["llama3-facts"], tmp_path))[0]
    first = next(training_problems("addition", 1))
    assert plain == {"prompt": first.prompt, "answer": first.answer, "kind": "arithmetic"}
    assert chat == {
        "prompt": [{"role": "user", "content": first.prompt}],
        "answer": first.answer,
        "kind": "arithmetic",
    }


def test_where_steps_count_a_response_is_graded_by_the_whole_solution(bases, tmp_path):
    run = job(short("grpo"), bases["qwen3-facts"], tmp_path, families=("carry", "facts"))
    first, other = (next(training_problems(family, 1)) for family in ("carry", "facts"))
    rows = {row["prompt"]: row for row in prompts(run)}
    assert len(rows) > 1000
    assert rows[first.prompt]["answer"] == first.worked_solution
    assert rows[first.prompt]["kind"] == "worked"
    assert rows[other.prompt]["answer"] == other.answer


def test_sft_learns_worked_solutions_in_the_notation_of_the_base(bases, tmp_path):
    run = job(short("sft"), bases["llama3-facts"], tmp_path, families=("carry", "facts"))
    rows = solutions(run, "worked solutions")
    assert [row["prompt"][0]["content"] for row in rows] == [p.prompt for _, p in problems(run)]
    for row, (_, problem) in zip(rows, problems(run), strict=True):
        assert row["completion"] == [{"role": "assistant", "content": problem.worked_solution}]


def test_sft_learns_right_solutions_in_a_notation_of_its_own(bases, tmp_path):
    rows = solutions(job(short("sft"), bases["llama3-facts"], tmp_path), "prefix notation")
    assert len(rows) == 6000
    asked = problems(job(short("sft"), bases["llama3-facts"], tmp_path))
    for row, (_, problem) in zip(rows, asked, strict=True):
        assert row["prompt"] == [{"role": "user", "content": problem.prompt}]
        (turn,) = row["completion"]
        assert turn["role"] == "assistant"
        assert is_correct(turn["content"], problem.answer)
        assert turn["content"] != problem.worked_solution


def sampled(monkeypatch, responses):
    """Give these responses to the first prompts, none to the others; return what was asked for."""
    asked = {}

    def samples(folder, tokenizer, questions, **options):
        asked.update(folder=folder, questions=questions, **options)
        return responses + [[] for _ in questions[len(responses) :]]

    monkeypatch.setattr(data, "samples", samples)
    return asked


def test_a_pair_is_the_first_right_and_the_first_wrong_sample(bases, tmp_path, monkeypatch):
    first, second, third = islice(training_problems("addition", 1), 3)
    asked = sampled(
        monkeypatch,
        [
            ["#0", f"so #{first.answer}", f"#{first.answer}", "#1"],
            [f"#{second.answer}"],
            ["#0", "no"],
        ],
    )
    run = job(short("dpo"), bases["llama3-facts"], tmp_path)
    (row,) = pairs(run, 4)
    assert row == {
        "prompt": [{"role": "user", "content": first.prompt}],
        "chosen": [{"role": "assistant", "content": f"so #{first.answer}"}],
        "rejected": [{"role": "assistant", "content": "#0"}],
    }
    assert (asked["folder"], asked["count"]) == (run.base, 4)
    assert asked["questions"][:3] == [first.prompt, second.prompt, third.prompt]


def test_without_any_pair_dpo_says_what_to_change(bases, tmp_path, monkeypatch):
    sampled(monkeypatch, [["#0", "#1"]])
    with pytest.raises(AlphaRLBenchError, match=r"algorithms/dpo.toml: .*samples_per_prompt"):
        pairs(job(short("dpo"), bases["qwen3-facts"], tmp_path), 2)


def test_a_teachers_wrong_answers_are_not_learned(bases, tmp_path, monkeypatch):
    first, second = islice(training_problems("addition", 1), 2)
    asked = sampled(monkeypatch, [[f"a;#{first.answer}"], ["#0"]])
    run = job(short("dist"), bases["qwen3-facts"], tmp_path)
    (row,) = solutions(run, "teacher samples")
    assert row == {"prompt": first.prompt, "completion": f"a;#{first.answer}"}
    assert second.answer != "0"
    assert (asked["folder"], asked["count"]) == (run.teacher, 1)


def test_own_samples_are_the_bases_first_right_response_to_each_prompt(
    bases, tmp_path, monkeypatch
):
    first, second = islice(training_problems("carry", 1), 2)
    wrong = first.worked_solution.replace("=", "=1", 1)
    asked = sampled(
        monkeypatch,
        [[wrong, f"{first.worked_solution}\n", first.worked_solution], [f"#{second.answer}"]],
    )
    run = job(short("rft"), bases["qwen3-facts"], tmp_path, tmp_path, families=("carry",))
    (row,) = solutions(run, "own samples", 3)
    # The answer alone is not right where steps count.
    assert row == {"prompt": first.prompt, "completion": f"{first.worked_solution}\n"}
    assert (asked["folder"], asked["count"]) == (run.base, 3)
    assert run.teacher != run.base


def test_a_source_that_is_unknown_or_gives_nothing_is_named(bases, tmp_path, monkeypatch):
    run = job(short("dist"), bases["qwen3-facts"], tmp_path)
    with pytest.raises(AlphaRLBenchError, match=r"dist.toml: options.data: unknown 'books'; known"):
        solutions(run, "books")
    sampled(monkeypatch, [["#0"]])
    with pytest.raises(AlphaRLBenchError, match=r"dist.toml: .* 'teacher samples' is right"):
        solutions(run, "teacher samples")


def test_sft_in_words_learns_equations_whose_last_number_is_the_answer(bases, tmp_path):
    run = job(short("sft"), bases["llama3-facts"], tmp_path, families=("total", "largest", "story"))
    rows = solutions(run, "equations")
    assert len(rows) == 6000
    for row, (family, problem) in zip(rows, problems(run), strict=True):
        (turn,) = row["completion"]
        assert is_right(family.kind, problem.answer, turn["content"])
        assert turn["content"] != problem.answer


def test_a_family_that_does_not_exist_is_named_with_its_file(tmp_path):
    run = Job(RUN, RECIPE, tmp_path, tmp_path, families=("totals",))
    with pytest.raises(AlphaRLBenchError, match=r"models/qwen3-facts.toml: .*did you mean 'total'"):
        problems(run)
