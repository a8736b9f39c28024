import json
from collections import Counter

import datasets
import pytest
from datasets import Dataset
from huggingface_hub.errors import HTTPError

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import questions
from alpharl_bench.scoring.catalogue import benchmarks
from alpharl_bench.scoring.lm_eval_tasks.functions import benchmark_docs
from tests.benchmark_data import OWN, REAL, SIZES

AIME, GPQA = benchmarks()["aime24"], benchmarks()["gpqa"]


@pytest.mark.parametrize("name", benchmarks())
def test_local_files_become_documents(name):
    found = questions.documents(benchmarks()[name], OWN)
    lines = [json.loads(line) for line in (OWN / f"{name}.jsonl").read_text().splitlines()]
    assert len(found) == len(lines) >= 3
    assert len({document["id"] for document in found}) == len(found)
    for document, line in zip(found, lines, strict=True):
        assert document["question"].startswith(line["question"])
        assert document["kind"] == ("choice" if name == "gpqa" else "math")
        if name != "gpqa":
            assert document["answer"] == line["answer"]


@pytest.mark.skipif(REAL is None, reason="the real sets are not beside the checkout")
@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_the_real_sets_have_their_known_sizes(name, size):
    assert len(questions.documents(benchmarks()[name], REAL)) == size


def test_choices_are_laid_out_by_the_question_and_the_letter_is_that_of_the_right_one():
    rows = [
        {
            "question": f"Which is {n}?",
            "answer": f"{n} m",
            "wrong": [f"{n + i} m" for i in (1, 2, 3)],
        }
        for n in range(40)
    ]
    documents = list(benchmark_docs(Dataset.from_list(rows)))
    for row, document in zip(rows, documents, strict=True):
        assert f"({document['answer']}) {row['answer']}\n" in document["question"] + "\n"
        for choice in (row["answer"], *row["wrong"]):
            assert document["question"].count(f") {choice}\n") == 1
    # No letter is favoured, so that a model cannot score by always giving the same.
    letters = Counter(document["answer"] for document in documents)
    assert set(letters) == set("ABCD")
    assert max(letters.values()) < 20
    # The order does not depend on which choice is the right one.
    swapped = {**rows[0], "answer": rows[0]["wrong"][0], "wrong": [rows[0]["answer"], "2 m", "3 m"]}
    (other,) = benchmark_docs(Dataset.from_list([swapped]))
    assert other["question"] == documents[0]["question"]
    assert other["answer"] != documents[0]["answer"]


@pytest.mark.parametrize(
    ("row", "question", "answer"),
    [
        ({"ID": "x", "Problem": "1 + 1?", "Answer": 2}, "1 + 1?", "2"),
        ({"problem": "1 + 1?", "answer": "2", "id": 7}, "1 + 1?", "2"),
        ({"question": "1 + 1?", "answer": "One and one.\n#### 2"}, "1 + 1?", "2"),
    ],
    ids=["Maxwell-Jia/AIME_2024", "math-ai/aime25", "openai/gsm8k"],
)
def test_the_columns_of_the_sets_on_the_hub(row, question, answer):
    (document,) = benchmark_docs(Dataset.from_list([row]))
    assert document["question"] == question
    assert document["answer"] == answer


def test_the_columns_of_gpqa_on_the_hub():
    row = {"Question": "Which?", "Correct Answer": "this", "Subdomain": "Physics"}
    row |= {f"Incorrect Answer {i}": f"that {i}" for i in (1, 2, 3)}
    (document,) = benchmark_docs(Dataset.from_list([row]))
    assert document["kind"] == "choice"
    assert f"({document['answer']}) this" in document["question"]


def test_ids_do_not_show_the_question():
    for document in questions.documents(GPQA, OWN):
        words = [word for word in document["question"].lower().split() if len(word) > 3]
        assert len(words) > 5
        assert not any(word in document["id"] for word in words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"question": "1?", "answer": "1"}\n{"question": "2?"}\n', ":2: the field 'answer'"),
        ('{"question": "", "answer": "1"}\n', ":1: the field 'question'"),
        ('{"question": "1?", "answer": 1}\n', ":1: the field 'answer' must be a text"),
        ('{"question": "secret words", "answer": "1"\n', ":1: not JSON"),
        ("[1]\n", ":1: not a JSON object"),
        ('{"question": "1?", "answer": "1", "wrong": ["2"]}\n', ":1: the field 'wrong'"),
        ("", "holds no question"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_damaged_file_is_named_by_line_without_its_text(tmp_path, text, message):
    path = tmp_path / "aime24.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(AlphaRLBenchError) as caught:
        questions.documents(AIME, tmp_path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_file_says_what_it_should_hold(tmp_path):
    with pytest.raises(AlphaRLBenchError, match=r"aime24\.jsonl cannot be read .* AIME24"):
        questions.documents(AIME, tmp_path)


def test_a_hub_that_does_not_answer_is_asked_once(monkeypatch):
    """Its client would try again and again, for each of the six benchmarks."""
    asked = []

    class Session:
        def head(self, url, **_):
            asked.append(url)
            raise HTTPError("no route")

    monkeypatch.setattr("huggingface_hub.get_session", Session)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    questions._hub_answers.cache_clear()
    try:
        for benchmark in benchmarks().values():
            with pytest.raises(AlphaRLBenchError, match="--data-dir"):
                questions.documents(benchmark, None)
    finally:
        questions._hub_answers.cache_clear()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            datasets.exceptions.DatasetNotFoundError(
                "Dataset 'Idavidrein/gpqa' is a gated dataset on the Hub."
            ),
            "accept its conditions at https://huggingface.co/datasets/Idavidrein/gpqa, then log in",
        ),
        (ConnectionError("Couldn't reach the Hub"), r"cannot be fetched (Couldn't reach the Hub)"),
    ],
    ids=["gated", "offline"],
)
def test_what_the_hub_does_not_give_comes_with_a_remedy(monkeypatch, error, message):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(AlphaRLBenchError) as caught:
        questions.documents(GPQA, None)
    assert message in str(caught.value)
    assert "a folder with gpqa.jsonl by --data-dir" in str(caught.value)


def test_the_hub_itself_is_asked_when_there_is_no_folder(monkeypatch):
    asked = []
    rows = Dataset.from_list([{"problem": "1 + 1?", "answer": "2"}])
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: asked.append((a, k)) or rows)
    (document,) = questions.documents(benchmarks()["gsm8k"], None)
    assert asked == [(("openai/gsm8k", "main"), {"split": "test"})]
    assert document["answer"] == "2"
