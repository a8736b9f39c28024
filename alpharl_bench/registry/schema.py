"""The shape of the registry's TOML files, checked by pydantic."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Lane = Literal["nano"]
#: The kinds of training that the paper compares (Appendix A).
Kind = Literal["RL", "self-play", "online distillation", "distillation", "SFT", "DPO"]
#: The verdicts that a run may be known for; a run without an entry is expected to support a claim.
Expected = Literal["refuted", "inconclusive"]


class _Entry(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pretraining(_Entry):
    """How a base is pretrained on the procedural corpus."""

    steps: int = Field(gt=0)
    documents_per_step: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    worked_share: float = Field(gt=0, lt=1)
    right_share: float = Field(gt=0, lt=1)


class Model(_Entry):
    """``models/<name>.toml``: a base model."""

    name: str
    lane: Lane
    architecture: str
    seed: int
    config: dict[str, Any]
    pretraining: Pretraining


class Algorithm(_Entry):
    """``algorithms/<name>.toml``: how a base is trained; ``config`` holds TRL config fields."""

    name: str
    trainer: Literal["grpo"]
    kind: Kind
    source: str
    deviations: str
    checkpoints: int = Field(ge=2)
    config: dict[str, Any]


class Expectation(_Entry):
    """What is known about one claim on one run."""

    verdict: Expected
    reason: str = Field(min_length=10)


class RunEntry(_Entry):
    """``runs/<name>.toml``: one algorithm on one model, and the claims known not to hold for it."""

    name: str
    model: str
    algorithm: str
    seed: int
    expect: dict[str, Expectation] = Field(default_factory=dict)
