"""What the command line asks for: the runs to judge, and the settings for measuring each."""

from dataclasses import replace
from pathlib import Path

import pytest

from alpharl_bench.bench import Options
from alpharl_bench.device import resolved_device
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.plugin.declared_options import DEFAULT_ANALYSES
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.spec import RunSpec, run_specs, spec_of_path
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.catalogue import benchmarks, select
from alpharl_bench.scoring.engines import dtype_of
from alpharl_bench.scoring.questions import local_file

# Found once per session: every test needs them, and a run on the Hub costs a request each time.
_SPECS = pytest.StashKey[list[RunSpec]]()
_OPTIONS = pytest.StashKey[dict[str, Options]]()
#: Those of the nano lane where nothing else is asked for: with the samples of the last one its
#: claims are told with 80 % where the paper is right.
NANO_ANALYSES = 4


def options(config: pytest.Config, spec: RunSpec) -> Options:
    """The settings that the command line gives for measuring a run.

    Raises:
        AlphaRLBenchError: options contradict each other, or name a file that does not exist.
    """
    found = config.stash.setdefault(_OPTIONS, {})
    if spec.name not in found:
        asked = _sampling(config, spec)
        if asked.data_dir is not None:
            for task in asked.tasks:
                local_file(benchmarks()[task], asked.data_dir)
        found[spec.name] = Options(
            sampling=asked,
            engine=EngineOptions(
                config.getoption("engine"),
                dtype_of(config.getoption("dtype"), config.getoption("engine")),
                config.getoption("batch_size"),
                _tensor_parallel(config),
                config.getoption("tokenizer"),
            ),
            device=_device(config),
            interim_analyses=_interim_analyses(config, asked),
            one_checkpoint=config.getoption("one_checkpoint"),
        )
    return found[spec.name]


def _device(config: pytest.Config) -> str:
    name: str = config.getoption("device")
    # Resolving `auto` imports torch, which a session that only collects does not need.
    return name if name == "auto" else resolved_device(name)


def _tensor_parallel(config: pytest.Config) -> int:
    gpus: int = config.getoption("tensor_parallel")
    if gpus > 1 and config.getoption("engine") != "vllm":
        raise AlphaRLBenchError(f"--tensor-parallel {gpus}: requires --engine vllm")
    return gpus


def _sampling(config: pytest.Config, spec: RunSpec) -> Sampling:
    given = {
        name: config.getoption(name)
        for name in ("questions", "samples", "prompt", "temperature", "max_tokens", "data_dir")
        if config.getoption(name) is not None
    }
    if spec.prompt is not None:
        given = {"prompt": spec.prompt} | given
    tasks = select(_task_names(config, spec))
    return replace(Sampling.of(tasks), seed=config.getoption("seed"), **given)


def _task_names(config: pytest.Config, spec: RunSpec) -> str:
    return config.getoption("tasks") or ",".join(spec.tasks)


def _interim_analyses(config: pytest.Config, asked: Sampling) -> int:
    budget = config.getoption("max_samples")
    if budget is not None:
        if budget < asked.samples:
            raise AlphaRLBenchError(
                f"--max-samples {budget}: fewer than the {asked.samples} samples of one analysis; "
                f"ask for {asked.samples} or more, or for fewer --samples"
            )
        return int(budget // asked.samples)
    if config.getoption("until_decided"):
        return DEFAULT_ANALYSES
    # Of a lane whose models take a second: as many as its claims take, see docs/statistics.md.
    chosen = config.getoption("samples") is not None
    return NANO_ANALYSES if asked.arithmetic and not chosen else 1


def run_specs_of(config: pytest.Config) -> list[RunSpec]:
    """The runs to judge: the one of ``--run``, or those of the lane.

    Raises:
        AlphaRLBenchError: the registry is damaged, or there is no run where ``--run`` points.
    """
    if _SPECS not in config.stash:
        config.stash[_SPECS] = _find_specs(config)
    return config.stash[_SPECS]


def _find_specs(config: pytest.Config) -> list[RunSpec]:
    run, base, kind = (config.getoption(name) for name in ("run", "base", "kind"))
    if run:
        if config.getoption("all_runs"):
            raise AlphaRLBenchError("--all-runs: cannot be combined with --run, which names one")
        return [spec_of_path(run, base, kind)]
    for name, value in (("base", base), ("kind", kind)):
        if value:
            raise AlphaRLBenchError(f"--{name} {value}: requires --run REF")
    return run_specs(config.getoption("lane"), load_registry())


def reproducing(config: pytest.Config, spec: RunSpec) -> tuple[str, ...]:
    """The command line options that determine a run's scores, to reproduce them."""
    asked = options(config, spec)
    sampling, engine = asked.sampling, asked.engine
    named = {
        "tasks": _task_names(config, spec),
        "questions": sampling.questions,
        "samples": sampling.samples,
        "seed": sampling.seed,
        "prompt": None if sampling.arithmetic else sampling.prompt,
        "temperature": sampling.temperature,
        "max-tokens": sampling.max_tokens,
        "data-dir": sampling.data_dir,
        "engine": engine.name,
        "dtype": engine.dtype,
        "tokenizer": None if engine.tokenizer == EngineOptions.tokenizer else engine.tokenizer,
        "max-samples": asked.interim_analyses * sampling.samples
        if asked.interim_analyses > 1
        else None,
    }
    return tuple(w for name, v in named.items() if v is not None for w in (f"--{name}", str(v)))


def report_folder(config: pytest.Config) -> Path:
    """The folder that the report is written to."""
    named: Path | None = config.getoption("report")
    lane = "path" if config.getoption("run") else config.getoption("lane")
    return named or config.invocation_params.dir / "reports" / lane
