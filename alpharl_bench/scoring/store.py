"""Scores on disk: one file per scored variant, written once and never changed."""

from pathlib import Path

from alpharl_bench import __version__
from alpharl_bench.cache import cache_root, content_key, write_whole
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Score, read_scores
from alpharl_bench.variants import Variant


class ScoreStore:
    """The cached scores of one run under one sampling.

    Args:
        run_digest: the run's content key.
        sampling: questions, samples and seed.
        engine: the name of the scoring engine.
    """

    def __init__(self, run_digest: str, sampling: Sampling, engine: str) -> None:
        key = content_key(run=run_digest, sampling=sampling.key, engine=engine, version=__version__)
        self.folder = cache_root() / "scores" / key

    def path(self, variant: Variant) -> Path:
        """The file of a variant's score."""
        return self.folder / f"{content_key(variant=variant.label)}.json"

    def load(self, variant: Variant) -> Score:
        """A variant's score; it must have been saved."""
        (score,) = read_scores(self.path(variant))
        return score

    def save(self, variant: Variant, score: Score) -> None:
        """Keep a score; readers see it whole or not at all."""
        write_whole(self.path(variant), score.model_dump_json() + "\n")
