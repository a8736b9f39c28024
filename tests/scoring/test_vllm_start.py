"""How vLLM would be started on a GPU, as far as that shows without one; `tox -e vllm`."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import EngineOptions
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.engines import DTYPES, adapter_rank
from alpharl_bench.variants import BASE, FULL, rank
from alpharl_bench.variants.materialise import UpdateSource
from tests.models import trained_pair
from tests.scoring.test_vllm import HEADS, NANO, character_tokenizer

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`"),
    pytest.mark.usefixtures("engine_server"),
]
METHOD = "VLLM_WORKER_MULTIPROC_METHOD"


class StoppedError(Exception):
    """The engine was about to be started."""


@pytest.fixture
def asked(monkeypatch):
    """What reaches vLLM of a device, as its arguments; nothing is started."""
    for name in (METHOD, "VLLM_CPU_KVCACHE_SPACE"):
        # Restored afterwards, whatever is set meanwhile.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    def of(device, **options):
        found = {}

        def start(**arguments):
            found.update(arguments)
            file = Path(arguments["logging_config"].pylogging_config_file)
            found["logging"] = json.loads(file.read_text())
            raise StoppedError

        monkeypatch.setattr("alpharl_bench.scoring.vllm.resolved_device", lambda _: device)
        monkeypatch.setattr("alpharl_bench.scoring.vllm._SeededVLLM", start)
        source = UpdateSource(Run("none", NANO, (Checkpoint(1, NANO),)))
        with pytest.raises(AlphaRLBenchError, match=f"does not start .* on {device}"):
            open_backend(EngineOptions("vllm", **options), source, 64)
        return found

    return of


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_on_a_gpu_16_bits_have_adapters_and_processes_are_spawned(asked, dtype):
    found = asked("cuda", dtype=dtype)
    assert found["dtype"] == dtype
    assert found["enable_lora"]
    assert not found["enforce_eager"]
    assert os.environ[METHOD] == "spawn"
    assert "VLLM_CPU_KVCACHE_SPACE" not in os.environ


def test_on_a_gpu_float32_has_none(asked):
    """vLLM's kernels assert 16 bits, in the engine's first step."""
    found = asked("cuda", dtype="float32")
    assert found["dtype"] == "float32"
    assert not [name for name in found if "lora" in name]
    assert asked("cpu", dtype="float32")["enable_lora"]


def test_the_user_s_own_way_to_start_processes_stays(asked, monkeypatch):
    monkeypatch.setenv(METHOD, "forkserver")
    asked("cuda", dtype="bfloat16")
    assert os.environ[METHOD] == "forkserver"


def test_vllm_s_kernels_are_as_is_supposed():
    """Where this fails, float32 may have adapters on GPUs as well."""
    import vllm  # noqa: PLC0415  (not everywhere)

    kernels = Path(vllm.__file__).parent / "lora/ops/triton_ops/lora_shrink_op.py"
    assert "assert inputs.dtype in [torch.float16, torch.bfloat16]" in kernels.read_text()


@pytest.mark.parametrize("dtype", DTYPES)
def test_ranks_are_those_that_vllm_allows(dtype):
    from vllm.config.lora import LoRAConfig  # noqa: PLC0415

    from alpharl_bench.scoring.vllm_start import allowed_rank  # noqa: PLC0415

    most = adapter_rank(dtype)
    for wanted in range(most + 1):
        found = allowed_rank(wanted, dtype)
        assert wanted <= found <= most
        assert LoRAConfig(max_lora_rank=found).max_lora_rank == found
    assert allowed_rank(most + 1, dtype) is None


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_vllm_validates_the_arguments(asked, device, dtype):
    from vllm.engine.arg_utils import EngineArgs  # noqa: PLC0415

    found = asked(device, dtype=dtype)
    logging = found.pop("logging")
    assert logging["handlers"]["kept"]["level"] == "ERROR"
    # lm-eval's own, and what was a scratch file.
    for name in ("pretrained", "batch_size", "generation_config", "logging_config"):
        found.pop(name)
    config = EngineArgs(model=str(NANO), **found).create_engine_config()
    assert config.model_config.dtype == getattr(torch, dtype)
    assert (config.lora_config is None) == ((device, dtype) == ("cuda", "float32"))


def test_the_engine_s_own_cause_is_told(tmp_path, monkeypatch):
    # Of a process of the engine: the terminal has the rest.
    monkeypatch.setattr("alpharl_bench.scoring.vllm._require_heads", lambda *_: None)
    base, _ = trained_pair(tmp_path, "qwen3")  # with heads of 8
    character_tokenizer().save_pretrained(base)
    source = UpdateSource(Run("none", base, (Checkpoint(1, base),)))
    with pytest.raises(AlphaRLBenchError, match=r"vllm: the engine does not start .*head_dim=8"):
        open_backend(EngineOptions("vllm"), source, context=64)


def test_in_16_bits_adapters_carry_what_merging_would_round(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3", scale=0.05, config=HEADS)
    for folder in (base, checkpoint):
        character_tokenizer().save_pretrained(folder)
    source = UpdateSource(Run("none", base, (Checkpoint(7, checkpoint),)))
    backend = open_backend(EngineOptions("vllm", "bfloat16", batch_size=4), source, context=64)
    try:
        with backend.use_variant(rank(12)):
            # The engine was started anew for adapters of 16.
            assert backend.lm.lora_request is not None
            assert backend.notes == ()
        with backend.use_variant(FULL):
            (note,) = backend.notes
            assert "bfloat16 is off by" in note
            assert "measured against float32" in note
        with backend.use_variant(BASE):
            assert backend.notes == ()
    finally:
        backend.close()
