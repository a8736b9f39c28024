"""From what is required to bytes, tokens and hours. Every formula is in docs/paper-lane.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from alpharl_bench.behaviour import Divergence, Measurement
from alpharl_bench.bench import TURNS, Options, behaviour_folder
from alpharl_bench.checkpoints import ModelSize
from alpharl_bench.device import planned_device
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.limits import QUESTIONS_BYTES
from alpharl_bench.plan.throughput import Lengths, read_per_second, tokens_per_second
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.scoring import ScoreStore
from alpharl_bench.scoring.canonical import canonical
from alpharl_bench.scoring.catalogue import benchmarks, longest_prompt, longest_response
from alpharl_bench.scoring.engines import adapter_rank
from alpharl_bench.scoring.questions import local_file
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.spectral.svd import level
from alpharl_bench.tables import Requirements, union
from alpharl_bench.untrusted import read_text
from alpharl_bench.variants import Variant
from alpharl_bench.variants.materialise import rank_of

#: Matrices in memory while one is decomposed, in copies of it: W, ΔW and what the solver takes, as
#: measured (docs/paper-lane.md); for leading triplets, and for all of them.
_LEADING, _ALL = 3, 9
_FLOAT32 = 4


@dataclass(frozen=True)
class Cost:
    """What something takes; bytes unless said otherwise.

    Args:
        download: the bytes of downloaded weights.
        weights: the peak disk use in bytes of these and of a wheel.
        here: the bytes of required weights that are in the Hub's cache already.
        disk: the maximum growth of the package's cache: triplets, merged folders, a training.
        model: the memory of the model that generates: weights and KV cache of one sequence.
        decomposing: the memory of decompositions.
        scores: batches of samples of variants to score.
        scored: the number of them that the cache has.
        passes: chains of thought to be written for all questions.
        written: the number of them that the cache has.
        tokens: the maximum number of generated tokens.
        expected: the number of them where responses have the length that they have on average.
        rate: tokens per second that are reckoned with.
        read: tokens of prompts and responses that are read and not generated, as expected.
        read_rate: tokens per second of reading.
        gpus: the number of GPUs that generate.
    """

    download: int
    weights: int
    here: int
    disk: int
    model: int
    decomposing: int
    scores: int
    scored: int
    passes: int
    written: int
    tokens: int
    expected: float
    rate: float
    read: float
    read_rate: float
    gpus: int

    @property
    def seconds(self) -> float:
        """Seconds of generation and reading, as expected."""
        return self.expected / self.rate + self.read / self.read_rate

    @property
    def hours(self) -> float:
        """GPU-hours of the same."""
        return self.seconds * self.gpus / 3600


def cost_of(
    required: Requirements,
    info: RunInfo,
    asked: Options,
    rate: float | None = None,
    mean: float | None = None,
    read_rate: float | None = None,
) -> Cost:
    """What it takes to have what is required.

    Args:
        required: the requirements of one or several claims.
        info: the info of the run.
        asked: the settings of the measurement.
        rate: tokens per second, all GPUs together; None for what hardware allows.
        mean: tokens of a response on average; None for the most that is allowed.
        read_rate: tokens per second of reading, all GPUs together; None for what hardware allows.
    """
    required = _scored_once(required, info)
    fetched = required.opened & info.remote
    sampling, engine = asked.sampling, asked.engine
    dtype = _bytes_of(engine.dtype)
    context = context_of(info.size, sampling)
    models = 2 if any(v.method == "rlvr-logits" for v, _ in required.scores) else 1
    cached = CacheStatus(info.digest, asked, info.base_digest)
    asked_for = [
        (v, split, n) for (v, split), batches in required.scores.items() for n in range(batches)
    ]
    scored = sum(cached.has(variant, split, batch) for variant, split, batch in asked_for)
    written = sum(map(cached.wrote, required.generated))
    questions = sum(questions_of(sampling).values())
    lengths = _lengths(info.size, sampling, mean)
    response = lengths.longest
    tokens = questions * response * (len(asked_for) - scored) * sampling.samples
    if sampling.kind == "games":
        tokens *= TURNS
    tokens += questions * response * (len(required.generated) - written)
    fitted = all(cached.has(v, split, 0) for v, split in required.scores if v.kind == "decoded")
    tokens += 0 if fitted else required.drawn * response
    found, gpus = tokens_per_second(info.size, dtype, lengths, engine, models)
    gpus = engine.tensor_parallel if rate else gpus
    # transformers compares whole distributions: of a policy both models read.
    models_that_read = sum(
        2 if isinstance(one, Divergence) and engine.name == "hf" else 1
        for one in required.read
        if not cached.wrote(one)
    )
    missing = fetched - info.cached
    checkpoints = missing - {None}
    if asked.one_checkpoint:
        at_a_time = len(missing - checkpoints) + min(1, len(checkpoints))
    else:
        at_a_time = len(missing)
    return Cost(
        download=info.wheel + len(missing) * info.checkpoint_bytes,
        weights=info.wheel + at_a_time * info.checkpoint_bytes,
        here=len(fetched & info.cached) * info.checkpoint_bytes,
        disk=(
            info.training
            + triplet_bytes(required, info)
            + _merged_bytes(required, info.size, asked, dtype)
        ),
        model=model_bytes(info.size, dtype, context, models) if required.loads else 0,
        decomposing=_decomposing(required, info.size, planned_device(asked.device)),
        scores=len(asked_for),
        scored=scored,
        passes=len(required.generated),
        written=written,
        tokens=tokens,
        expected=tokens * lengths.mean / response,
        rate=rate or found,
        read=questions * (lengths.prompt + lengths.mean) * models_that_read,
        read_rate=read_rate or read_per_second(info.size, dtype, gpus),
        gpus=gpus,
    )


def _scored_once(required: Requirements, info: RunInfo) -> Requirements:
    """The same with one of the variants that have the same weights in place of all."""
    shapes = frozenset(info.size.matrices.values())
    once = union(
        Requirements(scores={(canonical(variant, info.steps, shapes), split): batches})
        for (variant, split), batches in required.scores.items()
    )
    return replace(required, scores=once.scores)


def model_bytes(size: ModelSize, dtype: int, context: int, models: int = 1) -> int:
    """Bytes of weights, and of the keys and values of one sequence of ``context`` tokens."""
    return models * dtype * (size.parameters + size.cached_values * context)


def context_of(size: ModelSize, sampling: Sampling) -> int:
    """Tokens of the longest prompt and response together; no more than the model has positions."""
    wanted = max(map(longest_prompt, sampling.tasks)) + most_tokens(sampling)
    return wanted if size.positions is None else min(wanted, size.positions)


def _lengths(size: ModelSize, sampling: Sampling, mean: float | None) -> Lengths:
    longest = most_tokens(sampling)
    if size.positions is not None:
        longest = min(longest, size.positions)
    prompt = context_of(size, sampling) - longest
    return Lengths(max(prompt, 0), longest, longest if mean is None else min(mean, longest))


def most_tokens(sampling: Sampling) -> int:
    """Tokens of the longest response that is allowed."""
    return sampling.max_tokens or max(map(longest_response, sampling.tasks))


def questions_of(sampling: Sampling) -> dict[str, int]:
    """How many questions of every task are asked."""
    return {task: _questions(task, sampling) for task in sampling.tasks}


def _questions(task: str, sampling: Sampling) -> int:
    if task not in benchmarks():
        return sampling.questions or 0
    benchmark = benchmarks()[task]
    there = benchmark.questions
    if sampling.data_dir is not None:
        lines = read_text(local_file(benchmark, sampling.data_dir), QUESTIONS_BYTES)
        there = len(lines.splitlines())
    return min(there, sampling.questions or there)


def triplet_bytes(required: Requirements, info: RunInfo) -> int:
    """Bytes of the triplets: of every matrix as many as the store keeps of a rank, float32."""
    # Many matrices have a shape: each is looked at once.
    matrices = Counter(info.size.matrices.values())
    kept = {
        (variant.step or info.steps[-1], shape, level(rank_of(variant, shape), shape))
        for variant in required.decomposed
        for shape in matrices
    }
    return sum(_FLOAT32 * rank * (sum(shape) + 1) * matrices[shape] for _, shape, rank in kept)


def _merged_bytes(required: Requirements, size: ModelSize, asked: Options, dtype: int) -> int:
    """Bytes of the folder that vLLM reads what is neither adapter nor checkpoint from."""
    most = adapter_rank(asked.engine.dtype)
    if asked.engine.name != "vllm" or all(
        _adapted(variant, most) for variant, _ in required.scores
    ):
        return 0
    return size.parameters * dtype


def _adapted(variant: Variant, most: int) -> bool:
    """Whether it is known beforehand to be an adapter; a forecast may turn out to be one."""
    many = variant.kind == "rank" and variant.number > most
    whole = variant.rest or variant.kind in {"percent", "forecast", "modules"}
    return not many and not whole


def _decomposing(required: Requirements, size: ModelSize, device: str) -> int:
    if not required.decomposed:
        return 0
    ranks = {
        (shape, level(rank_of(variant, shape), shape))
        for variant in required.decomposed
        for shape in set(size.matrices.values())
    }
    # Half of the triplets take a dense solver, as all singular values do.
    dense = required.whole or any(2 * rank > min(shape) for shape, rank in ranks)
    at_a_time = torch.get_num_threads() if device == "cpu" else 1
    return at_a_time * (_ALL if dense else _LEADING) * _FLOAT32 * size.largest_matrix


def _bytes_of(dtype: str) -> int:
    return int(getattr(torch, dtype).itemsize)


@dataclass(frozen=True)
class CacheStatus:
    """What a run has in the cache; nothing where its key is not known yet.

    Questions are read when a score is first asked for: claims about weights need none, and those on
    the Hub may take minutes.

    Args:
        digest: the run's content key, or None.
        asked: the settings of the measurement.
        base_digest: the content key of the base as it is asked, or None.
    """

    digest: str | None
    asked: Options
    base_digest: str | None = None

    def has(self, variant: Variant, split: str, batch: int) -> bool:
        """Whether a score is there. Windows never are: only a ranking tells their modules."""
        decoded = variant.kind == "decoded"
        store = (self._stores_of_base if decoded else self._stores).get(split)
        return store is not None and store.path(variant, batch).is_file()

    def wrote(self, one: Measurement) -> bool:
        """Whether a pass is there."""
        store = self._stores.get("test")
        if store is None:
            return False
        # Imported here: it takes what a model takes to load.
        from alpharl_bench.behaviour.measure import measurement_path  # noqa: PLC0415

        return measurement_path(behaviour_folder(store), one).is_file()

    @cached_property
    def _stores(self) -> Mapping[str, ScoreStore]:
        """The scores of every split that can be drawn."""
        return self._opened(self.digest)

    @cached_property
    def _stores_of_base(self) -> Mapping[str, ScoreStore]:
        return self._opened(self.base_digest)

    def _opened(self, digest: str | None) -> Mapping[str, ScoreStore]:
        if digest is None:
            return {}
        stores = {}
        for split in ("test", "validation"):
            try:
                sampling = replace(self.asked.sampling, split=split)
                stores[split] = ScoreStore(digest, sampling, self.asked.engine)
            except AlphaRLBenchError:
                continue  # Questions that cannot be had were not scored.
        return stores
