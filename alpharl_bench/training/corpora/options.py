"""What a corpus takes from ``[pretraining.options]`` of a model."""

from pydantic import BaseModel, ConfigDict


class CorpusOptions(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
