"""Print the keys of every kind of product, after each of some edits of the imported package.

Run as a script: ``python keys_of_a_copy.py EDITS``, where EDITS is a JSON object from names to
lists of (file of the package, text behind it). Every edit is undone after its keys are told.
"""

import json
import multiprocessing
import sys
from pathlib import Path

import alpharl_bench
from alpharl_bench.behaviour.measure import measurement_path
from alpharl_bench.behaviour.measurements import Chains
from alpharl_bench.bench import behaviour_folder
from alpharl_bench.checkpoints import open_weights
from alpharl_bench.forecast.identity import method_digest
from alpharl_bench.keys import product_key
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.digests import base_key, run_digest
from alpharl_bench.scoring import EngineOptions, Sampling, ScoreStore
from alpharl_bench.source_code import code_digest
from alpharl_bench.spectral import UpdateFactors
from alpharl_bench.variants import BASE, FULL, forecast, rank

PACKAGE = Path(alpharl_bench.__file__).parent


def keys() -> dict[str, str]:
    """The key of one product of every kind; those of a run are of one that was trained elsewhere.

    Only 'score of a trained run' follows the training.
    """
    registry = load_registry()
    sampling = Sampling(("addition",), questions=2, samples=1)
    store = ScoreStore("a run", sampling, EngineOptions())
    trained = run_digest(registry.runs["qwen3-facts-grpo"], registry)
    weights = open_weights(base_folder(registry.models["qwen3-facts"]))
    games = Sampling(("kuhn-nash",), questions=2, samples=1)
    chains = Chains(FULL)
    return {
        "pretrained base": base_key(registry.models["qwen3-facts-wide"]),
        "converted base": base_key(registry.models["smollm2"]),
        "warmed base": base_key(registry.models["smollm2-warm"]),
        "parameter count": product_key("parameter count", base="a base"),
        "teacher samples": product_key("teacher samples", model="a teacher"),
        "trained run": trained,
        "self-play run": run_digest(registry.runs["qwen3-facts-spiral"], registry),
        "triplets": str(UpdateFactors(weights, weights).folder),
        "dynamics": product_key("dynamics", run="a run"),
        "embedding": product_key("embedding", run="a run"),
        "forecast by relex": method_digest("relex"),
        "forecast by alpharl": method_digest("alpharl"),
        "questions": sampling.key,
        "matches": games.key,
        "score of the base": str(store.path(BASE)),
        "score of rank-1": str(store.path(rank(1))),
        "score of relex": str(store.path(forecast("relex", 40))),
        "score of a match": str(ScoreStore("a run", games, EngineOptions()).path(BASE)),
        "score by vllm": str(ScoreStore("a run", sampling, EngineOptions("vllm")).path(BASE)),
        "score of a trained run": str(ScoreStore(trained, sampling, EngineOptions()).path(BASE)),
        "behaviour": str(measurement_path(behaviour_folder(store), chains)),
    }


def edited(edits: list[tuple[str, str]]) -> dict[str, str]:
    """The keys after some edits, in a process that has told no key yet."""
    before = {name: (PACKAGE / name).read_text(encoding="utf-8") for name, _ in edits}
    try:
        for name, text in edits:
            (PACKAGE / name).write_text(before[name] + text, encoding="utf-8")
        with multiprocessing.get_context("fork").Pool(1) as pool:
            return pool.apply(keys)
    finally:
        for name, text in before.items():
            (PACKAGE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    # Parsed once for all: what is edited has another content.
    code_digest("alpharl_bench")
    json.dump({name: edited(e) for name, e in json.loads(sys.argv[1]).items()}, sys.stdout)
