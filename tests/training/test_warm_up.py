"""A base that is warmed up: on its own answers, right or wrong, and on nothing else."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import FAMILIES, is_held_out
from alpharl_bench.registry import Model, WarmUp
from alpharl_bench.training import samples as samples_module
from alpharl_bench.training import warm_up as module
from alpharl_bench.training.tokenizer import character_tokenizer
from alpharl_bench.training.warm_up import own_answers, warm_up

RECIPE = WarmUp(
    model="tiny",
    families=("total", "difference"),
    prompts=8,
    tokens=16,
    steps=30,
    batch=8,
    learning_rate=3e-3,
)
CONFIG = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


def entry(format_="chatml", **changed):
    return Model(
        name="tiny-warm",
        lane="smol",
        architecture="LlamaForCausalLM",
        seed=0,
        formats=(format_,),
        config=CONFIG,
        warm_up=RECIPE.model_copy(update=changed),
    )


@pytest.fixture(params=["chatml", "plain"])
def start(tmp_path, request):
    tokenizer = character_tokenizer(request.param)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), **CONFIG, eos_token_id=tokenizer.eos_token_id, pad_token_id=0
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "start")
    tokenizer.save_pretrained(tmp_path / "start")
    return tmp_path / "start"


def says(monkeypatch, response):
    """A model that gives ``response(prompt)``, None for one that is cut off; what it was asked."""
    asked = []

    def samples(folder, tokenizer, prompts, **options):
        asked.append((folder, tuple(prompts), options))
        return [[text] if (text := response(prompt)) is not None else [] for prompt in prompts]

    monkeypatch.setattr(module, "samples", samples)
    return asked


def learned(model, start):
    tokenizer = AutoTokenizer.from_pretrained(start)
    return list(own_answers(model, model.warm_up, start, tokenizer))


def test_what_is_learned_is_its_own_answer_right_or_wrong(start, monkeypatch):
    asked = says(monkeypatch, lambda prompt: "5 + 5 = 12, as I see.\n\nThis is a classic 3.")
    found = learned(entry(), start)
    assert {answer for _, answer in found} == {"5 + 5 = 12"}
    ((folder, prompts, options),) = asked
    assert (folder, prompts) == (start, tuple(prompt for prompt, _ in found))
    assert options == {"count": 1, "tokens": 16, "seed": 0, "greedy": True}
    assert len(prompts) == 2 * RECIPE.prompts
    # Nothing that is scored.
    assert not any(is_held_out(prompt) for prompt in prompts)


@pytest.mark.parametrize(
    "response",
    [None, "no number", "\n7", "1/2", "2.5", "-3", "1,022", "it is surely the number 7"],
    ids=["cut off", "none", "later", "fraction", "decimals", "negative", "thousands", "too long"],
)
def test_what_gives_no_whole_number_in_the_room_is_left_out(start, monkeypatch, response):
    says(monkeypatch, lambda prompt: response if "+" in prompt else "It is 7.")
    found = learned(entry(), start)
    assert len(found) == RECIPE.prompts
    assert all("minus" in prompt and answer == "It is 7" for prompt, answer in found)


def test_the_warm_base_gives_its_answer_and_ends(start, tmp_path, monkeypatch):
    says(monkeypatch, lambda prompt: "42, I believe.")
    format_ = "plain" if AutoTokenizer.from_pretrained(start).chat_template is None else "chatml"
    for name in ("one", "two"):
        warm_up(entry(format_), start, tmp_path / name)
    one, two = (WeightFiles(tmp_path / name) for name in ("one", "two"))
    assert all(torch.equal(one.tensor(name), two.tensor(name)) for name in one.names)
    before = AutoModelForCausalLM.from_pretrained(start).config.to_dict()
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "one", dtype="auto")
    assert model.dtype == torch.float32
    after = model.config.to_dict()
    assert {k for k in before if before[k] != after.get(k)} <= {"_name_or_path"}
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "one")
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(start).chat_template
    held_out = "What is 3 + 4? Reply with only the number."
    (responses,) = samples_module._draw(
        tmp_path / "one", tokenizer, [held_out], count=1, tokens=12, seed=0, greedy=True
    )
    assert responses == ["42"]


def test_a_base_that_ends_no_response_is_refused(start, tmp_path, monkeypatch):
    says(monkeypatch, lambda prompt: None)
    with pytest.raises(AlphaRLBenchError, match=r"'tiny' ends only 0 of its responses .* raise"):
        warm_up(entry(), start, tmp_path / "warm")
    assert not (tmp_path / "warm").exists()


def test_an_unknown_family_is_told_the_nearest_one(start, tmp_path):
    assert "total" in FAMILIES
    with pytest.raises(AlphaRLBenchError, match=r"warm_up.families: unknown .* did you mean 'tot"):
        warm_up(entry(families=("totall",)), start, tmp_path / "warm")
