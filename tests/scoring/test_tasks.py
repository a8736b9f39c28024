import json
import shutil
from dataclasses import replace

import pytest

from alpharl_bench.cache import cache_root
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import NANO_FAMILIES, is_held_out
from alpharl_bench.scoring import Sampling, tasks
from alpharl_bench.scoring.tasks import load_tasks, write_tasks


def test_lm_eval_loads_one_task_per_family():
    loaded = load_tasks(Sampling(questions=5, samples=3)).loaded["tasks"]
    assert list(loaded) == list(NANO_FAMILIES)
    for task in loaded.values():
        assert len(task.test_docs()) == 5
        assert task.config.repeats == 3
        document = task.test_docs()[0]
        # The prompt must reach the model as it stands: no template, no separator.
        assert task.doc_to_text(document) == document["question"]


def test_scored_questions_are_held_out_and_differ():
    folder = write_tasks(Sampling(questions=40))
    for family in NANO_FAMILIES:
        lines = (folder / f"{family}.jsonl").read_text().splitlines()
        prompts = {json.loads(line)["question"] for line in lines}
        assert len(prompts) == 40
        assert all(is_held_out(prompt) for prompt in prompts)


def test_the_seed_draws_other_questions():
    first, second = (write_tasks(Sampling(questions=9, seed=s)) for s in (1, 2))
    assert (first / "chain.jsonl").read_text() != (second / "chain.jsonl").read_text()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"questions": 0}, "--questions 0"),
        ({"samples": 0}, "--samples 0"),
        ({"seed": -1}, "--seed"),
    ],
)
def test_counts_that_cannot_be_scored_are_refused(options, named):
    with pytest.raises(AlphaRLBenchError, match=named):
        Sampling(**options)


def test_more_questions_than_a_family_has_is_an_error_and_leaves_nothing_behind():
    # Of the second there are 150; the first is written before that is known.
    greedy = Sampling(("addition", "multiplication"), questions=300)
    with pytest.raises(AlphaRLBenchError, match="--questions 300: the family 'multiplication'"):
        write_tasks(greedy)

    assert not list((cache_root() / "tasks").glob(f"{greedy.key}*/"))


def test_validation_asks_as_many_other_held_out_questions_of_every_family():
    test = Sampling(questions=30)
    splits = {s: write_tasks(replace(test, split=s)) for s in ("test", "validation")}
    for family in NANO_FAMILIES:
        prompts = {
            split: {
                json.loads(line)["question"]
                for line in (folder / f"{family}.jsonl").read_text().splitlines()
            }
            for split, folder in splits.items()
        }
        assert len(prompts["test"]) == len(prompts["validation"]) == 30
        assert prompts["test"].isdisjoint(prompts["validation"])
        assert all(map(is_held_out, prompts["validation"]))
    assert load_tasks(replace(test, split="validation")).indices["chain"] == list(range(30))


def test_where_all_questions_are_scored_there_is_no_validation():
    with pytest.raises(AlphaRLBenchError, match="--questions: all questions are scored"):
        Sampling(("math500",), questions=None, split="validation")


def test_a_package_that_has_moved_finds_its_task_files(tmp_path, monkeypatch):
    sampling = Sampling(questions=4, samples=2, seed=11)
    genuine = tasks.FOLDER
    moved = shutil.copytree(genuine, tmp_path / "moved")
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "FOLDER", moved)
        load_tasks(sampling)
    # As after another installation: the cache is there, the old package is not.
    shutil.rmtree(moved)
    assert {task.task_name for task in load_tasks(sampling)} == set(NANO_FAMILIES)
