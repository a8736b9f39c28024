"""The paper's benchmarks through lm-eval, with models that are not in doubt."""

import json
from dataclasses import replace
from pathlib import Path

import lm_eval
import pytest
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from alpharl_bench.checkpoints import open_run
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.catalogue import FOLDER, benchmarks
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.tasks import load_tasks
from alpharl_bench.variants import BASE
from alpharl_bench.variants.materialise import UpdateSource
from tests.benchmark_data import OWN, REAL
from tests.byte_model import CHAT, write_byte_pair

ALL = tuple(benchmarks())
SHORT = replace(Sampling.of(ALL), data_dir=OWN, questions=2, samples=2, max_tokens=8)


class Oracle(LM):
    """Answers every request with what ``answer`` makes of its document."""

    def __init__(self, answer):
        super().__init__()
        self._answer = answer
        self.requests = []

    def generate_until(self, requests, disable_tqdm=False):
        self.requests += requests
        return [self._answer(request.doc, n) for n, request in enumerate(requests)]

    def loglikelihood(self, requests, disable_tqdm=False):
        raise NotImplementedError

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        raise NotImplementedError


def evaluate(answer, sampling=SHORT):
    oracle, tasks = Oracle(answer), load_tasks(sampling)
    found = lm_eval.evaluate(
        lm=oracle, task_dict=tasks.loaded, samples=tasks.indices, bootstrap_iters=0
    )
    return oracle, found


def boxed(doc, _):
    return f"So the answer is \\boxed{{{doc['answer']}}}."


def test_gold_answers_score_all_and_wrong_ones_nothing():
    metrics = {}
    for answer in (boxed, lambda *_: "So the answer is \\boxed{17^{99} + \\pi}.", lambda *_: "Hm."):
        _, found = evaluate(answer)
        for task in ALL:
            for metric in ("mean@k", "pass@k", "maj@k"):
                metrics.setdefault(task, []).append(found["results"][task][f"{metric},all"])
    assert metrics == {task: [1] * 3 + [0] * 6 for task in ALL}


def test_half_of_the_responses_right():
    sampling = replace(SHORT, samples=4)
    _, found = evaluate(
        lambda doc, n: boxed(doc, n) if n % 4 < 2 else f"\\boxed{{{n % 4} + 10^7}}", sampling
    )
    for task in ALL:
        results = found["results"][task]
        assert [results[f"{m},all"] for m in ("mean@k", "pass@k", "maj@k")] == [0.5, 1, 1]


@pytest.mark.skipif(REAL is None, reason="the real sets are not beside the checkout")
@pytest.mark.parametrize("task", [t for t in ALL if t != "gpqa"])
def test_gold_answers_of_the_real_sets_score_all(task):
    sampling = replace(Sampling.of((task,)), data_dir=REAL, samples=1)
    _, found = evaluate(boxed, sampling)
    missed = [s["doc"]["id"] for s in found["samples"][task] if s["mean@k"] < 1]
    assert missed == []


@pytest.mark.parametrize(
    ("prompt", "begins", "ends"),
    [
        ("plain", "", "\nPlease reason step by step, and put your final answer within \\boxed{}."),
        (
            "paper-rl",
            (
                "User: Solve the following math problem step by step. The last line of your "
                "response should be of the form Answer: $Answer (without quotes) where $Answer is "
                "the answer to the problem.\n\n"
            ),
            '\n\nRemember to put your answer on its own line after "Answer:".\n\nAssistant:',
        ),
        (
            "paper-sft",
            "User:\n",
            "\nPlease reason step by step, and put your final answer within \\boxed{}.\nAssistant:",
        ),
    ],
)
def test_what_the_model_reads(prompt, begins, ends):
    oracle, _ = evaluate(boxed, replace(SHORT, prompt=prompt))
    assert len(oracle.requests) == len(ALL) * 2 * 2
    for request in oracle.requests:
        text, settings = request.args
        assert text == begins + request.doc["question"] + ends
        assert settings["temperature"] == 0.6
        assert settings["do_sample"] is True
        assert (settings["top_p"], settings["top_k"]) == (1, 0)
        assert settings["max_gen_toks"] == 8


def test_temperature_and_the_drawn_questions():
    oracle, _ = evaluate(boxed, replace(SHORT, temperature=0.9))
    assert {request.args[1]["temperature"] for request in oracle.requests} == {0.9}
    drawn = {seed: load_tasks(replace(SHORT, seed=seed)).indices["math500"] for seed in range(6)}
    assert all(len(set(indices)) == 2 for indices in drawn.values())
    assert len({tuple(indices) for indices in drawn.values()}) > 1
    assert load_tasks(replace(SHORT, questions=None)).indices is None


def test_validation_draws_other_questions_of_every_benchmark_while_there_are_any():
    test, validation = (load_tasks(replace(SHORT, split=s)).indices for s in ("test", "validation"))
    assert test.keys() == validation.keys()
    for task, indices in test.items():
        assert len(set(validation[task])) == len(indices) == 2
        assert set(validation[task]).isdisjoint(indices)
    sizes = {t.task_name: len(t.test_docs()) for t in load_tasks(SHORT)}
    task, size = min(sizes.items(), key=lambda item: item[1])
    most = replace(SHORT, tasks=(task,), split="validation", questions=size // 2)
    assert len(load_tasks(most).indices[task]) == size // 2
    with pytest.raises(AlphaRLBenchError, match=rf"'{task}' has {size}.* at most {size // 2}"):
        load_tasks(replace(most, questions=size // 2 + 1))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return write_byte_pair(tmp_path_factory.mktemp("pair"))


def engine_of(pair, sampling):
    run = open_run(str(pair[1]), str(pair[0]))
    return ScoringEngine(run, "digest", UpdateSource(run), sampling)


def test_a_model_is_asked_in_its_own_chat_template(pair, monkeypatch):
    engine = engine_of(pair, SHORT)
    read = []
    genuine = engine.backend.lm.generate_until
    monkeypatch.setattr(
        engine.backend.lm,
        "generate_until",
        lambda requests, **k: read.extend(r.args[0] for r in requests) or genuine(requests, **k),
    )
    score = engine.score(BASE)
    assert score.tasks == ALL
    assert {len(marks) for marks in score.marks} == {2}
    assert "<|im_start|>" in CHAT
    for text in read:
        assert text.startswith("<|im_start|>user\n")
        assert text.endswith("\\boxed{}.<|im_end|>\n<|im_start|>assistant\n")
    assert score.provenance.prompt == "chat"
    # Noise has no answers, and is counted as such.
    assert set("".join(score.marks)) <= set("-0x")


def test_a_tokenizer_without_a_chat_template_says_what_to_ask_for(tmp_path):
    with pytest.raises(AlphaRLBenchError, match="no chat template; ask with --prompt paper-rl"):
        engine_of(write_byte_pair(tmp_path, chat=False), SHORT)


def test_what_does_not_fit_into_the_context_is_refused_beforehand(pair):
    with pytest.raises(AlphaRLBenchError) as caught:
        engine_of(pair, replace(SHORT, max_tokens=20_480))
    assert "a response of up to 20480 do not fit into the 4096 positions" in str(caught.value)
    most = int(str(caught.value).split("--max-tokens ")[1].split()[0])
    assert engine_of(pair, replace(SHORT, max_tokens=most))
    with pytest.raises(AlphaRLBenchError, match="--max-tokens"):
        engine_of(pair, replace(SHORT, max_tokens=most + 1))


def test_responses_that_nobody_asked_to_be_as_long_are_capped_with_a_note(pair):
    with pytest.warns(
        AlphaRLBenchWarning, match="has 4,096 positions; responses end after"
    ) as told:
        engine = engine_of(pair, replace(SHORT, max_tokens=None))
    room = engine.questions.max_tokens
    longest = engine._context - room
    assert longest + room == 4095
    assert f"responses end after {room:,} tokens" in str(told[0].message)
    assert {task.config.generation_kwargs["max_gen_toks"] for task in engine.questions} == {room}


def test_the_task_files_stand_alone_in_lm_eval(tmp_path):
    """`lm_eval --include_path` finds them, with their own prompts, samples and metrics."""
    manager = TaskManager(include_path=str(FOLDER), include_defaults=False)
    assert {f"alpharl_{name}" for name in ALL} <= set(manager.all_tasks)
    # Their data are on the Hub: a file that includes one names its own.
    content = {
        "include": str(FOLDER / "gsm8k.yaml"),
        "task": "local",
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": str(OWN / "gsm8k.jsonl")}},
    }
    (tmp_path / "local.yaml").write_text(json.dumps(content))
    manager = TaskManager(include_path=str(tmp_path), include_defaults=False)
    (task,) = manager.load(["local"])["tasks"].values()
    assert task.config.repeats == 32
    assert set(task.aggregation()) == {"mean@k", "pass@k", "maj@k"}


def test_no_task_file_replaces_one_of_lm_evals_own():
    """lm-eval has aime24, aime25, gpqa and gsm8k; none of its files knows our prefix."""
    manager = TaskManager(include_path=str(FOLDER), include_defaults=False)
    assert set(manager.all_tasks) == {f"alpharl_{name}" for name in ALL}
    files = list((Path(lm_eval.__file__).parent / "tasks").rglob("*.y*ml"))
    assert files
    assert not [file for file in files if b"alpharl_" in file.read_bytes()]


def test_the_names_of_tasks_stay_short_where_they_are_typed_and_stored():
    assert {task.task_name for task in load_tasks(SHORT)} == set(ALL)
    assert not [name for name in ALL if name.startswith("alpharl")]
