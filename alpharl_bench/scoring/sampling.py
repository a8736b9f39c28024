"""How every variant is sampled: the same questions, the same number of responses, one seed."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from alpharl_bench.cache import content_key
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import grading

#: The part of an lm-eval task that all families share: prompt, metric and generation settings.
TEMPLATE = Path(__file__).parent / "nano" / "nano.yaml"


@dataclass(frozen=True)
class Sampling:
    """What is asked of every variant: the same questions, the same number of samples, one seed."""

    questions: int = 25
    samples: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that cannot be scored."""
        for option, value in (("--questions", self.questions), ("--samples", self.samples)):
            if value < 1:
                raise AlphaRLBenchError(f"{option} {value}: ask for at least 1")
        if self.seed < 0:
            raise AlphaRLBenchError(f"--seed {self.seed}: a seed is 0 or more")

    @property
    def key(self) -> str:
        """A content key: the questions' texts, how they are sampled and how they are graded."""
        return content_key(
            questions=self.questions,
            samples=self.samples,
            seed=self.seed,
            template=TEMPLATE.read_text(encoding="utf-8"),
            grading=Path(grading.__file__).read_text(encoding="utf-8"),
            lm_eval=version("lm-eval"),
        )
