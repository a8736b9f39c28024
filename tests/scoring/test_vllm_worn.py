"""What vLLM wears: heads and embeddings of a tied base, and the proof that a variant is worn.

A file of its own: its engine and those of the other tests are not there at the same time.
"""

from contextlib import nullcontext
from importlib.util import find_spec

import pytest

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import EngineOptions
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.training.tokenizer import character_tokenizer
from alpharl_bench.variants import BASE, full_at, rank
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.merged import write_merged
from tests.models import trained_pair
from tests.scoring.test_neutral import untied
from tests.scoring.test_vllm import HEADS, assert_near, logprobs, truth

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`"),
    pytest.mark.usefixtures("engine_server"),
]


@pytest.fixture(scope="module")
def tied(tmp_path_factory):
    """A tied base, a checkpoint whose every tensor moved, and one with a head of its own."""
    folder = tmp_path_factory.mktemp("tied")
    config = {**HEADS, "tie_word_embeddings": True}
    base, checkpoint = trained_pair(folder, "qwen2", scale=0.05, config=config)
    own = untied(folder / "checkpoint-9", checkpoint)
    for path in (base, checkpoint, own):
        character_tokenizer().save_pretrained(path)
    return Run("tied", base, (Checkpoint(7, checkpoint), Checkpoint(9, own)))


@pytest.fixture(scope="module")
def tied_backend(tied):
    backend = open_backend(EngineOptions("vllm", batch_size=4), UpdateSource(tied), context=64)
    yield backend
    backend.close()


def assert_worn(backend, variant, folder):
    with backend.use_variant(variant):
        assert_near(logprobs(backend), truth(folder))


def test_moved_embeddings_move_a_tied_head(tied, tied_backend):
    # Reloading leaves the head of a CPU where it was: the engine has to start anew.
    assert_worn(tied_backend, full_at(7), tied.at(7).path)
    assert_worn(tied_backend, BASE, tied.base)


def test_a_checkpoint_s_own_head_is_used_over_a_tied_base(tied, tied_backend, tmp_path):
    assert_worn(tied_backend, full_at(9), tied.at(9).path)
    # The paper leaves head and embeddings at the base's values.
    source = UpdateSource(tied)
    write_merged(applied(source.update(rank(1)), source.base), source.base, tmp_path)
    assert_worn(tied_backend, rank(1), tmp_path)


def test_what_an_engine_does_not_take_as_an_adapter_is_merged(tied, tied_backend, monkeypatch):
    asked = []

    def refusing(name, **options):
        """As if the engine had been started for fewer modules than the update has."""
        if name != "takes_adapters":
            return genuine(name, **options)
        asked.extend(options["args"][0])
        return [False]

    with tied_backend.use_variant(rank(2)):
        assert tied_backend.lm.lora_request is not None
        adapter = logprobs(tied_backend)
    genuine = tied_backend.lm.model.collective_rpc
    monkeypatch.setattr(tied_backend.lm.model, "collective_rpc", refusing)
    with tied_backend.use_variant(rank(2)):
        assert tied_backend.lm.lora_request is None
        merged = logprobs(tied_backend)
    assert "model.layers.0.self_attn.q_proj" in asked
    assert max(abs(adapter[token] - merged[token]) for token in adapter) < 1e-4
    taken = genuine("takes_adapters", args=(["model.layers.0.mlp.up_proj"],))
    assert taken == [True]
    for other in ("lm_head", "model.embed_tokens", "model.layers.9.mlp.up_proj"):
        assert genuine("takes_adapters", args=([other],)) == [False]


def test_an_adapter_that_is_not_worn_is_an_error(tied_backend, monkeypatch):
    monkeypatch.setattr(tied_backend, "_adapter", lambda *_: nullcontext())
    with (
        pytest.raises(AlphaRLBenchError, match=r"'rank-1': .* does not use .*nothing is scored"),
        tied_backend.use_variant(rank(1)),
    ):
        pass
    # Of a model that transformers does not read the text with a difference is asked for.
    monkeypatch.setattr(tied_backend, "_reference", None)
    with (
        pytest.raises(AlphaRLBenchError, match=r"'rank-1': .* does not use them"),
        tied_backend.use_variant(rank(1)),
    ):
        pass
