from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.checkpoints import Checkpoint, Run, WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.digests import shipped_base
from alpharl_bench.scoring import (
    Sampling,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.training.base import build_base, pack
from alpharl_bench.variants import BASE
from alpharl_bench.variants.materialise import UpdateSource

MODELS = load_registry().models
QWEN3 = MODELS["qwen3-switch"]
#: Of what is pretrained on wrong steps: how often all of them are right by chance. Facts: each is
#: right in 7 of 10 documents, and a number may have a digit twice. Carry: two coins.
RIGHT_BY_CHANCE = {"facts": 0.36, "carry": 0.25}
SHIPPED = [
    name
    for name, model in MODELS.items()
    if model.pretraining is not None
    and model.recipe.corpus in RIGHT_BY_CHANCE
    and shipped_base(model) is not None
]


def score_of(folder, sampling):
    run = Run(folder.name, folder, (Checkpoint(0, folder),))
    engine = ScoringEngine(run, "", UpdateSource(run), sampling)
    return engine.score(BASE)


def test_a_packed_document_sees_only_itself():
    model = AutoModelForCausalLM.from_pretrained(base_folder(QWEN3)).eval()
    tokenizer = AutoTokenizer.from_pretrained(base_folder(QWEN3))
    texts = ["37+58=7+8=15;3+5+1=9;#95", "47%6=#5", "s5291=#1259"]
    ids = [tokenizer.encode(text) for text in texts]
    batch = pack(ids)
    with torch.no_grad():
        packed = model(**{k: v for k, v in batch.items() if k != "labels"}).logits[0]
        start = 0
        for document in ids:
            alone = model(torch.tensor([document])).logits[0]
            torch.testing.assert_close(
                packed[start : start + len(document)], alone, atol=1e-4, rtol=0
            )
            start += len(document)


def test_packing_predicts_every_token_but_the_first_of_a_document():
    batch = pack([[5, 6, 7], [8, 9]])
    assert batch["input_ids"][0, :6].tolist() == [5, 6, 7, 8, 9, 0]
    assert batch["labels"][0, :6].tolist() == [-100, 6, 7, -100, 9, -100]
    assert batch["position_ids"][0, :5].tolist() == [0, 1, 2, 0, 1]


def test_packing_opens_a_row_when_one_is_full():
    batch = pack([[1] * 100, [2] * 100])
    assert batch["input_ids"].shape == (2, 128)


def test_the_shipped_base_is_small_and_can_reason_a_little():
    folder = base_folder(QWEN3)
    assert (folder / "model.safetensors").stat().st_size < 4_000_000
    names = WeightFiles(folder).names
    assert sum(int(np.prod(WeightFiles(folder).shape(n))) for n in names) > 500_000
    score = score_of(folder, Sampling(questions=30, samples=1))
    assert len(score.tasks) >= 6
    assert 0.15 < score.accuracy < 0.45


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_base_is_not_right_more_often_than_its_corpus(name):
    model = MODELS[name]
    prompt = "plain" if model.format == "plain" else "chat"
    score = score_of(
        base_folder(model), Sampling(model.scored_on, questions=200, samples=2, prompt=prompt)
    )
    # One that miscopies digits as well is right less often.
    assert 0.08 < score.accuracy < RIGHT_BY_CHANCE[model.recipe.corpus] + 0.1
    # What is right is the worked solution, and what is wrong can be read too.
    assert score.exact_share == pytest.approx(score.accuracy, abs=0.02)
    assert score.readable.mean() > 0.97


def test_an_unknown_architecture_is_named(tmp_path):
    with pytest.raises(AlphaRLBenchError, match="no architecture 'Qwen9ForCausalLM'"):
        build_base(QWEN3.model_copy(update={"architecture": "Qwen9ForCausalLM"}), tmp_path)


@pytest.mark.rebuild
@pytest.mark.parametrize("name", ["qwen3-switch", "qwen3-facts", "qwen3-carry"])
def test_the_recipe_makes_a_base_that_scores_like_the_shipped_one(name, tmp_path):
    # The last bits of a training depend on the machine, so weights cannot be compared.
    model = MODELS[name]
    build_base(model, tmp_path / "rebuilt")
    sampling = replace(Sampling.of(model.scored_on or tuple(NANO_FAMILIES)), samples=4)
    folders = base_folder(model), tmp_path / "rebuilt"
    shipped, rebuilt = (score_of(folder, sampling) for folder in folders)
    tasks = [task for task, _ in shipped.questions]
    difference = resampling_weights(tasks) @ (rebuilt.per_question - shipped.per_question)
    low, high = percentile_interval(difference, degrees_of_freedom(tasks))
    assert low <= 0.03
    assert high >= -0.03
    assert high - low < 0.15
