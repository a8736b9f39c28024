"""Chat templates without an end, tried in a process that is killed."""

from pathlib import Path

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.limited import LimitedWorkers
from alpharl_bench.scoring import chat
from alpharl_bench.training.tokenizer import TEMPLATES, character_tokenizer

LOOP = "{% for _ in range(99999) %}" * 3 + "{% endfor %}" * 3
LARGE = "{{ 'x' * 20000000000 }}"
LONG = "{{ 'x' * 2000000 }}"


@pytest.fixture(scope="module")
def workers() -> LimitedWorkers:
    return LimitedWorkers("transformers.models.auto.tokenization_auto", 2 << 30, alone=True)


def refused(folder: Path, template: str) -> str:
    tokenizer = character_tokenizer()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    with pytest.raises(AlphaRLBenchError) as caught:
        chat.require_renderable(folder, template, ["1 + 1 ="])
    text = str(caught.value)
    assert text.startswith(f"--prompt chat: the chat template of {folder} ")
    return text


@pytest.mark.timeout(300)
def test_templates_that_do_not_end_well(tmp_path, monkeypatch, workers):
    # One test: a worker takes seconds to start.
    monkeypatch.setattr(chat, "_WORKERS", workers)
    assert "makes 2000000 characters of 7" in refused(tmp_path / "long", LONG)
    assert "takes more than 4 GB of memory" in refused(tmp_path / "large", LARGE)
    failing = refused(tmp_path / "failing", "{{ raise_exception('no turn\nof this kind') }}")
    assert "fails (no turn)" in failing
    fine = tmp_path / "fine"
    tokenizer = character_tokenizer("chatml")
    tokenizer.chat_template += "{# another one #}"
    tokenizer.save_pretrained(fine)
    chat.require_renderable(fine, tokenizer.chat_template, ["1 + 1 ="])
    monkeypatch.setattr(chat, "TEMPLATE_SECONDS", 3.0)
    assert "takes more than 3 s" in refused(tmp_path / "loop", LOOP)


def test_the_templates_of_our_own_bases_start_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(chat, "_WORKERS", None)
    for template in TEMPLATES.values():
        chat.require_renderable(tmp_path, template, ["1 + 1 ="])
