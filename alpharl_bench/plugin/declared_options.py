"""The command line options of the suites, as ``pytest --help`` lists them."""

import argparse
import os
import re
from typing import get_args

import pytest

from alpharl_bench.device import DEVICES
from alpharl_bench.executor import EXECUTORS
from alpharl_bench.option_types import (
    duration,
    existing_folder,
    for_pytest,
    number,
    reference,
    seed,
    whole_number,
    word,
    writable_folder,
)
from alpharl_bench.registry import Kind, Lane
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.catalogue import GAMES, NANO, PAPER, benchmarks
from alpharl_bench.scoring.engines import ASKED_DTYPES, ENGINES, TOKENIZERS
from alpharl_bench.scoring.prompts import PROMPTS

#: Interim analyses of --until-decided without --max-samples.
DEFAULT_ANALYSES = 8


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options in their own group, after those of all other plugins.

    Raises:
        pytest.UsageError: another plugin has an option of the same name.
    """
    _load_others(pluginmanager)
    try:
        _add_to(parser)
    except (ValueError, argparse.ArgumentError) as error:
        (name, *_) = re.findall(r"--[\w-]+", str(error)) or [str(error)]
        raise pytest.UsageError(
            f"{name}: another pytest plugin has an option of this name; turn it off by "
            "`-p no:NAME` (`pytest --trace-config` lists the names)"
        ) from error


def _load_others(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the other plugins now, as pytest does next: one that came later could only crash."""
    config = pluginmanager.get_plugin("pytestconfig")
    if not isinstance(config, pytest.Config):
        return
    pluginmanager.consider_preparse(list(config.invocation_params.args), exclude_only=False)
    if not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") and not (
        config.known_args_namespace.disable_plugin_autoload
    ):
        pluginmanager.load_setuptools_entrypoints("pytest11")


def _add_to(parser: pytest.Parser) -> None:
    group = parser.getgroup(
        "alpharl-bench",
        "judging claims about RL weight dynamics (with pytest's own --strict every refuted claim "
        "fails, also where the registry expects the refutation)",
    )
    group.addoption(
        "--lane",
        choices=get_args(Lane),
        default="nano",
        help="the set of runs to judge (nano): of nano and smol the core runs, and those that -k "
        "or a test's id names exactly",
    )
    group.addoption(
        "--all-runs",
        action="store_true",
        help="judge every run of the lane, not its core alone (`alpharl-bench zoo list` says which "
        "runs are core)",
    )
    group.addoption(
        "--run",
        type=for_pytest(reference),
        metavar="REF",
        help="judge this run instead: a folder of checkpoints of any trainer, or org/name on the "
        "Hub (`alpharl-bench doctor REF` shows what it contains)",
    )
    group.addoption(
        "--base",
        type=for_pytest(reference),
        metavar="REF",
        help="the model that --run started from: a folder, org/name or org/name@revision",
    )
    group.addoption(
        "--kind",
        choices=get_args(Kind),
        help="how --run was trained (RL): claims about RL are judged on other kinds for contrast "
        "only",
    )
    group.addoption(
        "--one-checkpoint",
        action="store_true",
        help="keep one checkpoint of the Hub on this disk at a time: this takes less disk space "
        "and more downloads, and claims that compare several checkpoints at once are skipped",
    )
    group.addoption(
        "--device",
        choices=DEVICES,
        default="auto",
        help="the device that decomposes updates (auto: cuda if available)",
    )
    group.addoption(
        "--tasks",
        type=for_pytest(word),
        metavar="NAMES",
        help=f"the evaluated tasks, separated by commas: {', '.join(benchmarks())}, '{PAPER}' for "
        f"all of these; families of arithmetic, or '{NANO}' for all of them; games, or '{GAMES}' "
        f"for all of them (--run: {PAPER}; other runs: the tasks that they were trained on)",
    )
    group.addoption(
        "--data-dir",
        type=for_pytest(existing_folder),
        metavar="DIR",
        help="read the benchmarks' questions from DIR/<task>.jsonl (question, answer) instead of "
        "from the Hub",
    )
    group.addoption(
        "--prompt",
        choices=PROMPTS,
        help="the prompt format of a question: the model's chat template (default for benchmarks), "
        "a prompt of the paper's Appendix B (paper-rl, paper-sft), or plain text; runs of a lane "
        "use the format of their base",
    )
    group.addoption(
        "--questions",
        type=for_pytest(whole_number(1)),
        metavar="N",
        help="questions per task (nano: 60; benchmarks: all)",
    )
    group.addoption(
        "--samples",
        type=for_pytest(whole_number(1)),
        metavar="K",
        help="sampled responses per question (nano: 2; benchmarks: 32)",
    )
    group.addoption(
        "--until-decided",
        action="store_true",
        help=f"sequential sampling: draw K more samples for open claims, up to {DEFAULT_ANALYSES} "
        "times --samples; group-sequential boundaries keep the error rate over all analyses",
    )
    group.addoption(
        "--max-samples",
        type=for_pytest(whole_number(1)),
        metavar="K",
        help="the same, up to K samples per question (nano without --samples: 8; else one "
        "analysis)",
    )
    group.addoption(
        "--temperature",
        type=for_pytest(number(0, 10, above=True)),
        metavar="T",
        help="sampling temperature (the task's own)",
    )
    group.addoption(
        "--max-tokens",
        type=for_pytest(whole_number(1)),
        metavar="N",
        help="maximum length of a response (the task's own)",
    )
    group.addoption(
        "--seed",
        type=for_pytest(seed),
        default=Sampling.seed,
        metavar="S",
        help=f"seed of the choice of questions and of the sampled responses ({Sampling.seed})",
    )
    group.addoption(
        "--engine",
        choices=ENGINES,
        default=EngineOptions.name,
        help=f"the engine that generates responses: transformers or vLLM ({EngineOptions.name})",
    )
    group.addoption(
        "--dtype",
        choices=ASKED_DTYPES,
        default=ASKED_DTYPES[0],
        help="dtype of the scored weights and of the computation; auto is bfloat16 for vLLM on a "
        f"GPU, else float32, as rounding hides small updates ({ASKED_DTYPES[0]})",
    )
    group.addoption(
        "--tokenizer",
        choices=TOKENIZERS,
        default=EngineOptions.tokenizer,
        help="whose tokenizer and chat template every variant is asked with, where those of the "
        f"base and of the final checkpoint differ ({EngineOptions.tokenizer})",
    )
    group.addoption(
        "--batch-size",
        type=for_pytest(whole_number(1)),
        default=EngineOptions.batch_size,
        metavar="N",
        help=f"sequences generated in one batch, halved when memory runs out "
        f"({EngineOptions.batch_size})",
    )
    group.addoption(
        "--executor",
        choices=EXECUTORS,
        default=EXECUTORS[0],
        help="the executor that decomposes checkpoints and scores variants: this process, or a Ray "
        f"cluster whose hosts share the cache, with one worker per GPU or core ({EXECUTORS[0]})",
    )
    group.addoption(
        "--ray-address",
        type=for_pytest(word),
        metavar="ADDR",
        help="address of the Ray cluster: HOST:PORT, 'auto' for the one that runs on this host, "
        "'local' for a new one (auto)",
    )
    group.addoption(
        "--tensor-parallel",
        type=for_pytest(whole_number(1)),
        default=EngineOptions.tensor_parallel,
        metavar="N",
        help="number of GPUs that share one model; requires --engine vllm (1)",
    )
    group.addoption(
        "--budget",
        type=for_pytest(duration),
        metavar="TIME",
        help="judge as many claims as can be in this time (45m, 1h30m), in the order of their "
        "paper, and say what the others would take; several runs have equal parts of it",
    )
    group.addoption(
        "--plan",
        action="store_true",
        help="run nothing: print the required downloads, disk space, memory and generation, per "
        "claim and in total",
    )
    group.addoption(
        "--probe",
        action="store_true",
        help="with --plan: have each run's base answer every question once and reckon with its "
        "time and length; the score is kept",
    )
    group.addoption(
        "--mean-tokens",
        type=for_pytest(number(1, 1e9)),
        metavar="N",
        help="mean length of a response, for the tokens and GPU-hours that --plan expects (that "
        "of responses that were scored here, else the maximum length)",
    )
    group.addoption(
        "--tokens-per-second",
        type=for_pytest(number(1e-3, 1e12)),
        metavar="R",
        help="throughput of all GPUs together, for the GPU-hours of --plan (that of scores made "
        "here, else the upper bound of an H100's data sheet)",
    )
    group.addoption(
        "--report",
        type=for_pytest(writable_folder),
        metavar="DIR",
        help="folder of the report and its stored scores (reports/<lane>)",
    )
