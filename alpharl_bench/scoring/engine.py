"""Score variants of one run through lm-eval, with one base model loaded."""

from importlib.metadata import version
from typing import Any

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.checkpoints import Run
from alpharl_bench.problems import is_correct
from alpharl_bench.quiet import no_bars, quiet_libraries
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Provenance, Score
from alpharl_bench.scoring.tasks import load_tasks
from alpharl_bench.variants import Variant
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel

#: Sequences that are generated together. All responses of the nano lane fit into one batch.
_BATCH_SIZE = 1024
_PACKAGES = ("alpharl-bench", "lm-eval", "torch", "transformers", "trl")


class HFEngine:
    """The Hugging Face engine of lm-eval: loads the base once, scores any number of variants.

    Args:
        run: the run whose base is loaded.
        run_digest: the run's content key, kept in every score.
        source: the run's updates.
        sampling: the questions, the samples per question and the seed.
    """

    name = "hf"

    def __init__(self, run: Run, run_digest: str, source: UpdateSource, sampling: Sampling) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        with quiet_libraries():
            # float32: the effect of a small RL update drowns in bfloat16 activations.
            model = AutoModelForCausalLM.from_pretrained(run.base, dtype=torch.float32)
            self._patched = PatchedModel(model.to(device).eval(), source)
            self._lm = HFLM(
                pretrained=model,
                tokenizer=AutoTokenizer.from_pretrained(run.base),
                batch_size=_BATCH_SIZE,
            )
            self._tasks = load_tasks(sampling)
        self._seed = sampling.seed
        self._provenance = Provenance(
            run=run.name,
            run_digest=run_digest,
            sampling_key=sampling.key,
            questions_per_task=sampling.questions,
            samples_per_question=sampling.samples,
            seed=sampling.seed,
            engine=self.name,
            device=device,
            packages={package: version(package) for package in _PACKAGES},
        )

    def score(self, variant: Variant) -> Score:
        """Sample and grade every question with the variant's weights.

        The same seed for every variant: differences between two of them are paired.
        """
        with self._patched.wearing(variant):
            torch.manual_seed(self._seed)
            with no_bars():
                results = lm_eval.evaluate(lm=self._lm, task_dict=self._tasks, bootstrap_iters=0)
        return Score(
            variant=variant.label,
            correct={
                task: {sample["doc"]["id"]: _marks(sample) for sample in samples}
                for task, samples in results["samples"].items()
            },
            provenance=self._provenance,
        )


def _marks(sample: dict[str, Any]) -> str:
    """One character per sampled response: 1 correct, 0 not."""
    (responses,) = sample["resps"]
    return "".join(str(int(is_correct(r, sample["doc"]["answer"]))) for r in responses)
