"""On-policy distillation (arXiv 2306.13649): the student is corrected on its own responses."""

from typing import Any

from trl import DistillationTrainer

from alpharl_bench.training.rewards import accuracies


class OnPolicyDistillationTrainer(DistillationTrainer):
    """TRL's trainer, which also logs the ``accuracy`` of the student's responses."""

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        texts = self.processing_class.batch_decode(
            batch["completion_ids"], skip_special_tokens=True
        )
        right = accuracies(
            texts, [row["answer"] for row in inputs], [row["kind"] for row in inputs]
        )
        self._metrics["train"]["accuracy"].append(sum(right) / len(right))
        return batch
