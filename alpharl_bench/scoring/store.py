"""Scores on disk: one file per scored variant and look, written once and never changed."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from alpharl_bench.cache import cache_root, content_key, write_whole
from alpharl_bench.forecast.identity import method_digest
from alpharl_bench.keys import product_key
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Score, joined, read_scores
from alpharl_bench.variants import Variant


def identity(variant: Variant) -> dict[str, Any]:
    """What tells a variant of a run from every other: plain JSON values, for a content key."""
    named: dict[str, Any] = {"variant": variant.label}
    if variant.low_rank:
        named["triplets"] = product_key("triplets")
    if variant.kind == "forecast":
        named["method"] = method_digest(variant.method)
    if variant.kind == "decoded":
        named["baseline"] = product_key("baseline")
    if variant.modules:
        # Another ranking puts other modules under the same name.
        named["modules"] = variant.modules
    return named


class ScoreStore:
    """The cached scores of one run under one sampling.

    More samples are files of their own: what was scored is only ever added to, and a look that is
    there is never counted twice.

    Args:
        run_digest: the run's content key.
        sampling: the questions and how they are sampled.
        engine: the engine that scores, its dtype, and whose tokenizer it asks with.
    """

    def __init__(self, run_digest: str, sampling: Sampling, engine: EngineOptions) -> None:
        key = product_key(
            "score",
            run=run_digest,
            sampling=sampling.key,
            engine=product_key(engine.name),
            dtype=engine.dtype,
            tokenizer=engine.tokenizer,
        )
        self.folder = cache_root() / "scores" / key

    def path(self, variant: Variant, look: int = 0) -> Path:
        """The file of one look at a variant."""
        return self.folder / f"{content_key(**identity(variant), look=look)}.json"

    def load(self, variant: Variant, looks: int = 1) -> Score:
        """A variant's score over its first ``looks`` looks; they must have been saved."""
        return _joined(tuple(_stamped(self.path(variant, look)) for look in range(looks)))

    def save(self, variant: Variant, score: Score) -> None:
        """Keep a score; readers see it whole or not at all."""
        write_whole(self.path(variant, score.look), score.model_dump_json() + "\n")


def _stamped(path: Path) -> tuple[Path, int]:
    return path, path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=1024)
def _joined(looks: tuple[tuple[Path, int], ...]) -> Score:
    """Every claim of a session asks for the same scores: each is read and checked once."""
    return joined([score for path, _ in looks for score in read_scores(path)])
