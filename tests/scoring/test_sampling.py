import shutil
from dataclasses import replace

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.catalogue import benchmarks
from tests.benchmark_data import OWN

AIME = replace(Sampling.of(("aime24",)), data_dir=OWN)


def test_benchmarks_are_sampled_as_in_the_paper_and_families_fast():
    assert Sampling.of(tuple(benchmarks())).samples == 32
    assert Sampling.of(tuple(benchmarks())).questions is None
    assert Sampling.of(tuple(benchmarks())).prompt == "chat"
    assert Sampling.of(("chain",)) == Sampling(("chain",), 360, 2)
    assert Sampling.of(tuple(NANO_FAMILIES)) == Sampling(tuple(NANO_FAMILIES), 60, 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"questions": 2},
        {"samples": 31},
        {"seed": 1},
        {"prompt": "paper-rl"},
        {"temperature": 0.7},
        {"max_tokens": 99},
        {"tasks": ("aime25",)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_the_key_tells_samplings_apart(changed):
    assert replace(AIME, **changed).key != AIME.key
    assert replace(AIME).key == AIME.key


def test_the_key_follows_the_questions_and_not_their_place(tmp_path):
    shutil.copyfile(OWN / "aime24.jsonl", tmp_path / "aime24.jsonl")
    assert replace(AIME, data_dir=tmp_path).key == AIME.key
    text = (tmp_path / "aime24.jsonl").read_text()
    (tmp_path / "aime24.jsonl").write_text(text.replace('"answer": "', '"answer": "1', 1))
    assert replace(AIME, data_dir=tmp_path).key != AIME.key


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"questions": 0}, "--questions 0"),
        ({"samples": -1}, "--samples -1"),
        ({"seed": -1}, "--seed -1"),
        ({"max_tokens": 0}, "--max-tokens 0"),
        ({"temperature": 0.0}, "--temperature 0"),
        ({"temperature": float("nan")}, "--temperature nan"),
        ({"prompt": "story"}, "--prompt story: one of plain, chat, paper-rl, paper-sft"),
        ({"data_dir": OWN}, "arithmetic is made here; name benchmarks by --tasks"),
    ],
)
def test_a_sampling_that_cannot_be_scored(wrong, option):
    with pytest.raises(AlphaRLBenchError, match=option):
        Sampling(**wrong)
