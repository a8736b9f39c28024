import pytest
import yaml

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.catalogue import FOLDER, benchmarks, longest_response, select
from alpharl_bench.scoring.tasks import load_tasks

PAPER = ("aime24", "aime25", "gpqa", "gsm8k", "math500", "minerva")


def test_the_benchmarks_of_the_paper_are_there():
    assert tuple(benchmarks()) == PAPER
    assert {benchmark.group for benchmark in benchmarks().values()} == {"paper"}
    assert benchmarks()["gpqa"].dataset == "Idavidrein/gpqa"
    assert benchmarks()["gpqa"].subset == "gpqa_diamond"
    assert len({benchmark.title for benchmark in benchmarks().values()}) == len(PAPER)


def test_the_paper_s_setting():
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))
    shared = yaml.load((FOLDER / "_benchmark.yaml").read_text(), Loader=Loader)  # noqa: S506
    assert shared["repeats"] == 32
    assert shared["filter_list"][0]["filter"][0]["k"] == 32
    settings = shared["generation_kwargs"]
    assert settings["temperature"] == 0.6
    assert settings["max_gen_toks"] == 20480


@pytest.mark.parametrize(
    ("named", "tasks"),
    [
        ("nano", tuple(NANO_FAMILIES)),
        ("paper", PAPER),
        ("math500,aime24", ("math500", "aime24")),
        ("aime24, paper", ("aime24", "aime25", "gpqa", "gsm8k", "math500", "minerva")),
        ("chain", ("chain",)),
        ("games", ("kuhn-nash", "kuhn-uniform", "negotiation-trader")),
    ],
)
def test_tasks_and_groups_are_selected_in_order_and_once(named, tasks):
    assert select(named) == tasks


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("gsm8", "unknown task 'gsm8'; did you mean 'gsm8k'?"),
        ("games,nano", "arithmetic and games are asked in different ways"),
        ("math500,nano", "arithmetic and benchmarks are asked in different ways"),
        (",", "name tasks; known: nano, words, games, paper"),
    ],
)
def test_what_cannot_be_selected(named, message):
    with pytest.raises(AlphaRLBenchError) as caught:
        select(named)
    assert message in str(caught.value)


@pytest.mark.parametrize("task", ["addition", "total", "story"])
def test_the_longest_response_is_what_the_loaded_task_allows(task):
    assert load_tasks(Sampling((task,), questions=2)).max_tokens == longest_response(task)
