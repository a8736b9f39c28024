"""Whatever a base or a checkpoint asks for beside its weights, every variant is sampled alike."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError, AlphaRLBenchWarning
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.encoding import encoding_of
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import BASE, FULL, rank
from alpharl_bench.variants.materialise import UpdateSource
from tests.models import trained_pair

NANO = base_folder(load_registry().model("qwen3-switch"))
SAMPLING = Sampling(tasks=("addition", "chain"), questions=5, samples=3)
#: Options of transformers that change what is drawn.
ASKED = {
    "repetition_penalty": 1.3,
    "no_repeat_ngram_size": 2,
    "suppress_tokens": [20, 21, 22],
    "begin_suppress_tokens": [20, 21, 22],
    "forced_bos_token_id": 9,
    "forced_eos_token_id": 9,
    "bad_words_ids": [[20], [21]],
    "sequence_bias": [[[20], -9.0]],
    "min_p": 0.3,
    "typical_p": 0.3,
    "top_p": 0.3,
    "top_k": 1,
    "top_h": 0.2,
    "epsilon_cutoff": 0.2,
    "eta_cutoff": 0.2,
    "temperature": 3.0,
    "do_sample": False,
    "encoder_repetition_penalty": 1.5,
    "exponential_decay_length_penalty": [1, 2.0],
    "min_length": 60,
    "min_new_tokens": 30,
    "max_new_tokens": 2,
    "max_length": 20,
    "num_beams": 2,
    "num_return_sequences": 2,
    "guidance_scale": 2.0,
    "stop_strings": ["1"],
    "watermarking_config": {"greenlist_ratio": 0.25, "bias": 9.0},
    "prompt_lookup_num_tokens": 3,
    "use_cache": False,
    "return_dict_in_generate": True,
}


def folder_of(path, base=NANO, **files):
    """A copy of a base; each keyword is what is changed of a JSON file."""
    shutil.copytree(base, path)
    for name, changed in files.items():
        file = path / f"{name}.json"
        content = json.loads(file.read_text()) | changed
        file.write_text(json.dumps(content))
    return path


def run_of(base, checkpoint=None):
    return Run("a-run", base, (Checkpoint(1, checkpoint or base),))


def score(run, variant=BASE, **options):
    engine = ScoringEngine(run, "digest", UpdateSource(run), SAMPLING, EngineOptions(**options))
    return engine.score(variant)


@pytest.fixture(scope="module")
def plain():
    return score(run_of(NANO)).responses


@pytest.mark.filterwarnings("ignore::alpharl_bench.errors.AlphaRLBenchWarning")
@pytest.mark.parametrize("option", ASKED)
def test_no_option_of_a_generation_config_changes_a_response(tmp_path, plain, option):
    base = folder_of(tmp_path / "base", generation_config={option: ASKED[option]})
    assert score(run_of(base)).responses == plain


@pytest.mark.filterwarnings("ignore::alpharl_bench.errors.AlphaRLBenchWarning")
def test_nor_does_one_in_the_config_of_the_model(tmp_path, plain):
    base = folder_of(tmp_path / "base", config={"repetition_penalty": 1.3})
    (base / "generation_config.json").unlink()
    assert score(run_of(base)).responses == plain


def test_what_is_not_used_is_said(tmp_path):
    base = folder_of(tmp_path / "base", generation_config={"repetition_penalty": 1.1})
    with pytest.warns(AlphaRLBenchWarning, match=r"not used: repetition_penalty=1\.1"):
        found = score(run_of(base))
    assert any("repetition_penalty" in note for note in found.provenance.notes)


@pytest.mark.parametrize(
    "files",
    [
        {"generation_config": {"eos_token_id": [1, 15]}},
        {"generation_config": {"eos_token_id": 15}},
        {"config": {"eos_token_id": 15}},
    ],
)
def test_the_end_tokens_of_base_and_checkpoint_both_end_a_response(tmp_path, files):
    own = folder_of(tmp_path / "own", **files)
    assert encoding_of(run_of(NANO, own), "base").ends == (1, 15)
    assert encoding_of(run_of(own, NANO), "base").ends == (1, 15)
    with pytest.warns(AlphaRLBenchWarning, match="every variant ends with any of them"):
        backend = ScoringEngine(
            run_of(NANO, own), "", UpdateSource(run_of(NANO, own)), SAMPLING
        ).backend
    lm = backend.lm
    text = lm.tokenizer.decode([15])
    prompts = torch.tensor([lm.tok_encode("12+34=")] * 64)
    torch.manual_seed(0)
    drawn = lm._model_generate(
        prompts, 40, [], attention_mask=torch.ones_like(prompts), do_sample=True, temperature=1.0
    )
    texts = [
        lm.tokenizer.decode(row[prompts.shape[1] :], skip_special_tokens=True) for row in drawn
    ]
    # Without it, many a response holds this digit.
    assert not any(text in response for response in texts)
    assert len(set(texts)) > 5


def test_an_end_token_beyond_the_vocabulary_ends_nothing(tmp_path):
    own = folder_of(tmp_path / "own", generation_config={"eos_token_id": [1, 5000]})
    assert encoding_of(run_of(NANO, own), "base").ends == (1,)


@pytest.mark.parametrize("odd", ["<eos>", -1, [1, None], True])
def test_an_end_token_that_is_none_is_an_error(tmp_path, odd):
    own = folder_of(tmp_path / "own", generation_config={"eos_token_id": odd})
    with pytest.raises(
        AlphaRLBenchError, match=r"generation_config\.json: eos_token_id .* no token"
    ):
        encoding_of(run_of(NANO, own), "base")


@pytest.fixture
def chatty(tmp_path):
    """A checkpoint whose tokenizer swaps two characters, and that has a chat template."""
    own = folder_of(tmp_path / "own")
    content = json.loads((own / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["1"], vocabulary["2"] = vocabulary["2"], vocabulary["1"]
    (own / "tokenizer.json").write_text(json.dumps(content))
    (own / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    return own


def test_the_tokenizer_is_the_base_s_or_the_checkpoint_s_and_a_difference_is_said(chatty):
    with pytest.warns(AlphaRLBenchWarning) as said:
        ours = score(run_of(NANO, chatty))
    lines = [str(line.message) for line in said]
    assert any("another vocabulary (2 of" in line and "--tokenizer" in line for line in lines)
    assert any("chat template is not the base's" in line for line in lines)
    assert ours.responses == score(run_of(NANO)).responses
    with pytest.warns(AlphaRLBenchWarning):
        theirs = score(run_of(NANO, chatty), tokenizer="checkpoint")
    assert theirs.responses != ours.responses
    assert (ours.provenance.tokenizer, theirs.provenance.tokenizer) == ("base", "checkpoint")
    # The checkpoint's alone: as a base of its own.
    assert theirs.marks == score(run_of(chatty)).marks


def test_a_checkpoint_without_a_tokenizer_is_asked_with_the_base_s(tmp_path):
    own = folder_of(tmp_path / "own")
    for path in own.glob("tokenizer*"):
        path.unlink()
    assert encoding_of(run_of(NANO, own), "base").tokenizer == NANO
    with pytest.raises(AlphaRLBenchError, match=r"--tokenizer checkpoint: .* has no tokenizer"):
        encoding_of(run_of(NANO, own), "checkpoint")


def test_a_token_that_the_base_has_no_row_for_is_an_error(tmp_path):
    own = folder_of(tmp_path / "own")
    content = json.loads((own / "tokenizer.json").read_text())
    content["model"]["vocab"]["="] = 4000
    (own / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(AlphaRLBenchError, match=r"--tokenizer checkpoint: .* gives token 4000"):
        score(run_of(NANO, own), tokenizer="checkpoint")


def test_a_config_of_the_checkpoint_that_the_base_has_otherwise_is_said(tmp_path):
    own = folder_of(
        tmp_path / "own", config={"rope_parameters": {"rope_theta": 5.0, "rope_type": "default"}}
    )
    with pytest.warns(AlphaRLBenchWarning, match=r"rope_parameters is .*run with the base's"):
        score(run_of(NANO, own))


def untied(folder, source, seed=1):
    """A copy of a tied model with a head of its own."""
    shutil.copytree(source, folder)
    tensors = load_file(folder / "model.safetensors")
    embeddings = tensors["model.embed_tokens.weight"]
    generator = torch.Generator().manual_seed(seed)
    tensors["lm_head.weight"] = torch.randn(embeddings.shape, generator=generator)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    change_config(folder, tie_word_embeddings=False)
    return folder


def change_config(folder, **changed):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def logits(model):
    tokens = torch.arange(3, 40)[None] % model.config.vocab_size
    with torch.no_grad():
        return model(input_ids=tokens).logits[0]


def true_logits(folder):
    return logits(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32))


HEADS = {
    "tied to own": (True, True),
    "own to tied": (False, False),
    "own to own": (False, True),
    "tied to one stored beside a config that ties": (True, None),
}


@pytest.fixture(params=HEADS)
def heads(request, tmp_path):
    """A base and a checkpoint, each with its head tied, its own, or its own unsaid (None)."""
    of_base, of_checkpoint = HEADS[request.param]
    base, checkpoint = trained_pair(
        tmp_path, "qwen2", scale=0.05, config={"tie_word_embeddings": True}
    )
    if not of_base:
        base = untied(tmp_path / "base-own", base, seed=2)
    if of_checkpoint is not False:
        checkpoint = untied(tmp_path / "checkpoint-9", checkpoint)
    if of_checkpoint is None:
        change_config(checkpoint, tie_word_embeddings=True)
    for folder in (base, checkpoint):
        AutoTokenizer.from_pretrained(NANO).save_pretrained(folder)
    return base, checkpoint


@pytest.mark.filterwarnings("ignore::alpharl_bench.errors.AlphaRLBenchWarning")
def test_the_full_variant_has_the_checkpoint_s_own_head(heads):
    base, checkpoint = heads
    run = run_of(base, checkpoint)
    backend = open_backend(EngineOptions(), UpdateSource(run), 64)
    before = logits(backend.lm.model)
    torch.testing.assert_close(before, true_logits(base))
    for variant in (FULL, rank(1), FULL):
        with backend.use_variant(variant):
            found = logits(backend.lm.model)
            head = backend.lm.model.get_output_embeddings().weight.detach().clone()
        if variant == FULL:
            expected = true_logits(checkpoint)
            torch.testing.assert_close(found, expected)
            assert torch.equal(found.argmax(-1), expected.argmax(-1))
        else:
            # The paper leaves embeddings and heads at the base's values.
            assert torch.equal(head, backend.lm.model.get_output_embeddings().weight)
        assert torch.equal(logits(backend.lm.model), before)
