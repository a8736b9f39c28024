"""One run from the registry to its evidence: trained, decomposed and scored when asked for."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from alpharl_bench.cache import locked
from alpharl_bench.claims import Claim
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.progress import progress_bar
from alpharl_bench.scoring import Sampling, Score, ScoreStore
from alpharl_bench.subject import Subject
from alpharl_bench.training.zoo import OpenedRun
from alpharl_bench.variants import Variant
from alpharl_bench.variants.materialise import UpdateSource

if TYPE_CHECKING:
    from alpharl_bench.scoring.engine import HFEngine

_ENGINE = "hf"


class Bench:
    """What can be measured on one run; everything is made once, when first used.

    Args:
        subject: the run.
        sampling: the questions, samples and seed of all its scores.
        device: where updates are decomposed, as torch names it.
    """

    def __init__(self, subject: Subject, sampling: Sampling, device: str = "cpu") -> None:
        self.subject = subject
        self._sampling = sampling
        self._device = device

    @cached_property
    def opened(self) -> OpenedRun:
        """The run's checkpoints; trains or fetches them if they are not on disk."""
        return self.subject.open()

    @cached_property
    def updates(self) -> UpdateSource:
        """The low-rank updates of the run's variants."""
        return UpdateSource(self.opened.run, self._device)

    @cached_property
    def engine(self) -> "HFEngine":
        """The scoring engine, with the run's base loaded."""
        # Imported here: lm-eval takes seconds to load, and cached scores need none of it.
        from alpharl_bench.scoring.engine import HFEngine  # noqa: PLC0415

        return HFEngine(self.opened.run, self.opened.digest, self.updates, self._sampling)

    def scores(self, variants: Iterable[Variant]) -> dict[str, Score]:
        """The scores of variants by label; those that the cache lacks are made now.

        Each score is kept as soon as it is there: a killed session goes on where it stood.
        """
        wanted = list(dict.fromkeys(variants))
        store = ScoreStore(self.opened.digest, self._sampling, _ENGINE)
        with locked(store.folder):
            missing = [variant for variant in wanted if not store.path(variant).is_file()]
            if missing:
                with progress_bar(f"score {self.subject.name}", len(missing), "variant") as bar:
                    for variant in missing:
                        store.save(variant, self.engine.score(variant))
                        bar.update()
        return {variant.label: store.load(variant) for variant in wanted}

    def evidence(self, claims: Iterable[Claim]) -> Evidence:
        """All that judging ``claims`` takes."""
        asked = list(claims)
        steps = self.opened.run.steps
        return Evidence(
            run=self.subject.name,
            steps=steps,
            scores=self.scores(variant for claim in asked for variant in claim.variants(steps)),
            spectrum=(self.updates.spectrum() if any(claim.spectral for claim in asked) else []),
        )
