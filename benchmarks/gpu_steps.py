"""The steps of :mod:`benchmarks.gpu_acceptance`: what each finds, and what it asks for."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from unittest import mock

import torch
import transformers
import typer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from alpharl_bench.behaviour.chains import generate
from alpharl_bench.checkpoints import Checkpoint, Run, WeightFiles, open_run
from alpharl_bench.forecast import Target, method_named, observe
from alpharl_bench.problems import held_out_problems
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.spectral import UpdateFactors, percent_rank
from alpharl_bench.variants import FULL, rank
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel
from benchmarks.forecast_work import write as write_run
from benchmarks.synthetic import Size, write_pair

#: The ranks of a decomposition; the last is 90 % of min(m, n).
RANKS: Mapping[str, Callable[[tuple[int, int]], int]] = {
    "1": lambda _: 1,
    "16": lambda _: 16,
    "64": lambda _: 64,
    "90 %": lambda shape: percent_rank(shape, 90),
}
_FORKS = """
import os
from alpharl_bench.device import resolved_device

device = resolved_device("auto")
import torch

child = os.fork()
if child == 0:
    os._exit(int(float(torch.ones(2, device=device).sum()) != 2))
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@dataclass(frozen=True)
class Setting:
    """Where and how large: a GPU and models of 8 billion parameters, or less for a trial.

    Args:
        device: the device that is put to the test, beside the CPU.
        folder: for the models that are written.
        size: the architecture of these.
        decomposed: the layers of the pair whose update is decomposed on both devices.
        worn: the layers of the pair that a loaded model wears.
        responses: sequences that are sampled together, and questions of the comparison.
        room: tokens of a response.
    """

    device: str
    folder: Path
    size: Size = "qwen3-8b"
    decomposed: int = 4
    worn: int = 36
    responses: int = 32
    room: int = 64


@dataclass(frozen=True)
class Figure:
    """A number that was found, and the bound that is asked for; None where it is only told."""

    name: str
    value: float
    most: float | None = None
    least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is within its bounds."""
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)


def versions(setting: Setting) -> list[Figure]:
    """TensorFloat-32 is off: residuals of 1e-5 cannot be checked with its 10 bits."""
    typer.echo(f"torch {torch.__version__}, transformers {transformers.__version__}", err=True)
    return [
        Figure("TF32 in matrix products", float(torch.backends.cuda.matmul.allow_tf32), most=0),
        Figure("GPUs", torch.cuda.device_count()),
    ]


def forked(setting: Setting) -> list[Figure]:
    """A process that is forked after the device was asked for may use it."""
    code = subprocess.run([sys.executable, "-c", _FORKS], check=False).returncode
    return [Figure("exit code of a fork that uses the device", code, most=0)]


def decomposed(setting: Setting) -> list[Figure]:
    """Triplets of an update on the device, against those of all cores of the CPU."""
    pair = setting.folder / "decomposed"
    if not pair.exists():
        write_pair(pair, setting.size, setting.decomposed, setting.device)
    base, trained = (WeightFiles(pair / name) for name in ("base", "trained"))
    figures = []
    for name, rank_of in RANKS.items():
        seconds, found, memory = {}, {}, 0
        for device in ("cpu", setting.device):
            with _own_cache(setting.folder / f"cache-{name.split()[0]}-{device}"), _peak() as peak:
                factors = UpdateFactors(base, trained, device)
                start = time.perf_counter()
                factors.prepare(rank_of)
                seconds[device] = time.perf_counter() - start
                found[device] = [
                    factors.module(module, rank_of(factors.shape(module))).factors.sigma
                    for module in factors.modules
                ]
            memory = peak()
        errors = [
            float(((a - b).abs() / a[0]).max())
            for a, b in zip(found["cpu"], found[setting.device], strict=True)
        ]
        figures += [
            Figure(f"rank {name}: largest error of σ, of σ₁", max(errors), most=1e-5),
            Figure(f"rank {name}: CPU / device", seconds["cpu"] / seconds[setting.device], least=1),
            Figure(f"rank {name}: s on the device", seconds[setting.device]),
            Figure(f"rank {name}: GiB at most", memory / 2**30),
        ]
    return figures


def worn(setting: Setting) -> list[Figure]:
    """A model wears Rank-1 and the whole checkpoint, and is the base again, bit for bit."""
    source, model, loaded = _loaded(setting)
    patched, before = PatchedModel(model, source), _sums(model)
    figures = [Figure("s to load the base", loaded)]
    source.update(rank(1))  # Decomposed beforehand: it is done once.
    for variant, most in ((rank(1), 2.0), (FULL, None)):
        start = time.perf_counter()
        with patched.use_variant(variant):
            _synchronised(setting)
            middle = time.perf_counter()
            moved = sum(a != b for a, b in zip(before, _sums(model), strict=True))
            there = time.perf_counter()
        _synchronised(setting)
        back = time.perf_counter() - there
        figures += [
            Figure(f"{variant.label}: s to put on", middle - start, most=most),
            Figure(f"{variant.label}: s to take off", back),
            Figure(f"{variant.label}: matrices that are others", moved, least=7 * setting.worn),
            Figure(
                f"{variant.label}: parameters that are not the base's afterwards",
                sum(a != b for a, b in zip(before, _sums(model), strict=True)),
                most=0,
            ),
        ]
    return figures


def sampled(setting: Setting) -> list[Figure]:
    """A step of sampled chains, each sequence with noise of its own seed."""
    _, model, _ = _loaded(setting)
    prompts = [[5 + n, 7, 11] for n in range(setting.responses)]
    rooms, never = [setting.room] * len(prompts), [model.config.get_text_config().vocab_size - 1]
    seeds = list(range(len(prompts)))

    def draw() -> list[list[int]]:
        return generate(model, prompts, rooms, never, len(prompts), temperature=1.0, seeds=seeds)

    draw()  # What is done once: kernels, caches.
    start = time.perf_counter()
    drawn = draw()
    steps = max(map(len, drawn))
    return [Figure("ms a step", 1000 * (time.perf_counter() - start) / steps, most=60)]


def greedy(setting: Setting) -> list[Figure]:
    """A trained base says the same on both devices, greedily, in float32."""
    folder = base_folder(load_registry().model("qwen3-carry"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = [p.prompt for p in held_out_problems("carry", setting.responses, seed=0)]
    prompts = [tokenizer(prompt)["input_ids"] for prompt in asked]
    ends = [tokenizer.eos_token_id]
    said = []
    for device in ("cpu", setting.device):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device).eval()
        said.append(generate(model, prompts, [setting.room] * len(prompts), ends, len(prompts)))
    pairs = [a == b for one, other in zip(*said, strict=True) for a, b in zip_longest(one, other)]
    return [Figure("tokens that agree", sum(pairs) / max(len(pairs), 1), least=0.99)]


def forecast(setting: Setting) -> list[Figure]:
    """AlphaRL of the same run by updates that were decomposed on either device."""
    folder = setting.folder / "run"
    if not folder.exists():
        write_run(folder, "small")
    run = open_run(folder, folder / "base")
    accuracies = {step: 0.2 + 0.02 * step + 0.01 * (step % 3) for step in run.steps}
    models = []
    for device in ("cpu", setting.device):
        with _own_cache(setting.folder / f"cache-forecast-{device}"):
            prefix = observe(run, 1, accuracies, device=device)
            fit = method_named("alpharl").forecaster.fit(prefix)
            change = fit.predict(Target(step=2 * run.steps[-1], accuracy=0.7))
            made = applied(change, prefix.base)
            models.append({name: made.tensor(name).float() for name in made.names})
    apart = [
        float((models[0][name] - models[1][name]).norm() / models[0][name].norm())
        for name in models[0]
    ]
    return [Figure("largest ‖W − W'‖/‖W‖ of a tensor", max(apart), most=1e-5)]


#: The steps by name, in their order.
STEPS: Mapping[str, Callable[[Setting], list[Figure]]] = {
    step.__name__: step for step in (versions, forked, greedy, forecast, decomposed, worn, sampled)
}


def worn_pair(setting: Setting) -> Path:
    """The folder of the pair that is worn: ``base`` and ``trained``."""
    pair = setting.folder / "worn"
    if not pair.exists():
        write_pair(pair, setting.size, setting.worn, setting.device)
    return pair


def _loaded(setting: Setting) -> tuple[UpdateSource, PreTrainedModel, float]:
    """The pair that is worn, its base in bfloat16 on the device, and the seconds of loading it."""
    pair = worn_pair(setting)
    gc.collect()
    start = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(pair / "base", dtype=torch.bfloat16)
    model = model.to(setting.device).eval()
    _synchronised(setting)
    seconds = time.perf_counter() - start
    run = Run("worn", pair / "base", (Checkpoint(1, pair / "trained"),))
    return UpdateSource(run, setting.device), model, seconds


def _sums(model: PreTrainedModel) -> list[int]:
    """A sum of the bits of every parameter."""
    return [int(p.detach().view(torch.int16).sum(dtype=torch.int64)) for p in model.parameters()]


def _synchronised(setting: Setting) -> None:
    if setting.device == "cuda":
        torch.cuda.synchronize()


@contextmanager
def _own_cache(folder: Path) -> Iterator[None]:
    """An empty cache: nothing was decomposed before."""
    with mock.patch.dict(os.environ, {"ALPHARL_BENCH_CACHE": str(folder)}):
        yield


@contextmanager
def _peak() -> Iterator[Callable[[], int]]:
    """The most bytes that torch took of the GPU inside the block; 0 without one."""
    there = torch.cuda.is_available()
    if there:
        torch.cuda.reset_peak_memory_stats()
    yield lambda: torch.cuda.max_memory_allocated() if there else 0
