import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.training import samples as module
from alpharl_bench.training.samples import samples
from alpharl_bench.training.tokenizer import character_tokenizer
from tests.training.tiny import MODELS, tiny_base


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))


def draw(folder, tokenizer, **changes):
    asked = {"prompts": ["1+2=", "s5291="], "count": 5, "tokens": 40, "seed": 3} | changes
    return samples(folder, tokenizer, asked.pop("prompts"), **asked)


@pytest.mark.usefixtures("own_cache")
def test_samples_are_drawn_once_and_depend_on_what_was_asked(tmp_path, monkeypatch):
    folder, tokenizer = tiny_base(tmp_path / "base"), character_tokenizer()
    first = draw(folder, tokenizer)
    assert first != draw(folder, tokenizer, seed=4)
    other = draw(folder, character_tokenizer("chatml"))
    monkeypatch.setattr(module, "_draw", lambda *_: pytest.fail("drawn again"))
    assert draw(folder, tokenizer) == first
    assert draw(folder, character_tokenizer("chatml")) == other


@pytest.mark.usefixtures("own_cache")
def test_samples_leave_the_random_state_of_a_training_alone(tmp_path):
    folder = tiny_base(tmp_path / "base")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    draw(folder, character_tokenizer())
    assert torch.rand(3).equal(expected)


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", MODELS)
def test_a_response_ends_where_its_format_says_and_is_left_out_if_it_does_not(name, tmp_path):
    folder = tiny_base(tmp_path / "base", name)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    model.save_pretrained(folder)
    texts = [text for responses in draw(folder, tokenizer, count=40) for text in responses]
    # Without weights all tokens are drawn alike: how many of 80 responses end within 40 of them?
    share = 1 - (1 - 1 / len(tokenizer)) ** 40
    spread = (share * (1 - share) / 80) ** 0.5
    assert len(texts) / 80 == pytest.approx(share, abs=4 * spread)
    assert not any(tokenizer.eos_token in text for text in texts)
