"""What a session leaves behind: the evidence that its report is made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from alpharl_bench.claims import Evidence
from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.invocation import session_command
from alpharl_bench.registry import ClaimId, Expectation, Kind, qualified
from alpharl_bench.reporting.storage import (
    RESPONSES,
    SESSION,
    read_stored,
    stored,
    write_stored,
    writing,
)
from alpharl_bench.runs.spec import RunSpec
from alpharl_bench.scoring import Provenance, Score, read_scores
from alpharl_bench.scoring.sequential import planned_samples
from alpharl_bench.spectral import Coverage
from alpharl_bench.tables import table
from alpharl_bench.tables.scores import SCORES


@dataclass(frozen=True)
class Measured:
    """What a session measured of one run.

    ``claims`` maps every judged claim to the samples per question that its verdict rests on;
    ``options`` are those that decide over scores; ``planned`` are the numbers of samples to each
    question at which a claim's evidence could be judged; ``digest`` is the run's content key;
    ``coverage`` says what of the final update its modules hold.
    """

    spec: RunSpec
    evidence: Evidence
    claims: Mapping[str, int]
    options: Sequence[str]
    planned: Sequence[int]
    digest: str = ""
    coverage: Coverage | None = None


class RunRecord(BaseModel):
    """One run as it was judged: what it is, which claims, and what the registry expected.

    Without ``claims`` it did not learn, and none was judged; see :class:`Measured` for the rest.
    ``tables`` are as each of them stores what it measured; the scores' responses are kept apart.
    Earlier versions stored no ``digest`` and no ``coverage``, and tables in fields of their own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")

    selected_by: tuple[str, ...]
    model: str
    algorithm: str
    kind: Kind
    source: str
    deviations: str
    seed: int | None
    options: tuple[str, ...]
    planned: tuple[PositiveInt, ...]
    steps: tuple[NonNegativeInt, ...]
    claims: dict[ClaimId, NonNegativeInt]
    expect: dict[ClaimId, Expectation]
    tables: dict[str, Any] = {}
    digest: str = ""
    coverage: Coverage | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_tables(cls, stored: Any) -> Any:
        """What earlier versions stored, as tables."""
        if not isinstance(stored, dict):
            return stored
        old = dict(stored)
        for name in ("looks", "interim_analyses"):
            if name in old:
                # Each analysis added as many samples as the first; of a single one none is asked.
                batch = min((n for n in old.get("claims", {}).values() if n), default=1)
                old["planned"] = planned_samples(batch, old.pop(name))
        if "tables" in old:
            return old
        scores = {name: old.pop(name) for name in _OF_SCORES if name in old}
        found = {name: old.pop(name) for name in _OF_THEIR_OWN if name in old}
        return {**old, "tables": {"scores": scores, **found}}


def _date(text: str) -> str:
    datetime.fromisoformat(text)
    return text


#: Fields of earlier versions: parts of the table of scores, and tables.
_OF_SCORES = ("choices", "windows", "evaluation")
_OF_THEIR_OWN = ("spectrum", "dynamics", "behaviour", "embedding")


class Session(BaseModel):
    """A session's command and runs; the scores lie beside it, one line each.

    An ``interrupted`` one judged only a part of what it was asked; ``left`` says, a line each, what
    its budget was not enough for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")

    command: str
    date: Annotated[str, AfterValidator(_date)]
    interrupted: bool = False
    left: tuple[str, ...] = ()
    runs: dict[str, RunRecord]
    scores: tuple[Score, ...] = Field(default=(), exclude=True)

    @classmethod
    def of(
        cls,
        measured: Sequence[Measured],
        command: str,
        *,
        interrupted: bool = False,
        left: Sequence[str] = (),
    ) -> Self:
        """The record of a session."""
        runs = {}
        for run in measured:
            spec = run.spec
            runs[spec.name] = RunRecord(
                selected_by=spec.selected_by,
                model=spec.model,
                algorithm=spec.algorithm,
                kind=spec.kind,
                source=spec.origin,
                deviations=spec.deviations,
                seed=spec.seed,
                options=tuple(run.options),
                planned=tuple(run.planned),
                steps=tuple(run.evidence.steps),
                claims=dict(run.claims),
                expect=dict(spec.expect),
                tables={
                    name: table(name).stored.dump_python(of, mode="json")
                    for name, of in run.evidence.tables.items()
                },
                digest=run.digest,
                coverage=run.coverage,
            )
        return cls(
            command=command,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            interrupted=interrupted,
            left=tuple(left),
            runs=runs,
            scores=tuple(score for run in measured for score in run.evidence.scores.values()),
        )

    def save(self, folder: Path) -> None:
        """Write the record and the scores into ``folder``.

        Raises:
            AlphaRLBenchError: the folder cannot be written to.
        """
        with writing(folder):
            lines = (score.model_dump_json() + "\n" for score in self.scores)
            write_stored(folder, RESPONSES, "".join(lines))
            write_stored(folder, SESSION, self.model_dump_json(indent=1) + "\n")

    def notes_of(self, run: str) -> list[str]:
        """What is to be known of how a run was scored, a line each."""
        return list(dict.fromkeys(n for s in self.scores_of(run) for n in s.provenance.notes))

    @property
    def commands(self) -> list[str]:
        """What was typed; a merged session has the commands of its parts, one after the other."""
        return re.split(r"; (?=pytest |alpharl-bench )", self.command)

    @property
    def provenance(self) -> dict[str, Provenance]:
        """Where the scores of each run come from."""
        return {run: self._by_run[run][0].provenance for run in self.runs if run in self._by_run}

    def scores_of(self, run: str) -> list[Score]:
        """The scores of one run, of all its variants."""
        return self._by_run.get(run, [])

    def most_judged_first(self) -> "Session":
        """The same session, the runs that most claims were judged on before the others."""
        runs = sorted(self.runs.items(), key=lambda item: -len(item[1].claims))
        return self.model_copy(update={"runs": dict(runs)})

    def first(self, runs: int) -> "Session":
        """The same session with its first runs only; it shares what was computed."""
        return self.model_copy(update={"runs": dict(islice(self.runs.items(), runs))})

    def release(self, run: str) -> None:
        """Forget what was computed of a run: 160 kB a variant."""
        for key in [key for key in self._evidence if key[0] == run]:
            del self._evidence[key]

    @cached_property
    def _by_run(self) -> dict[str, list[Score]]:
        found: dict[str, list[Score]] = {}
        for score in self.scores:
            found.setdefault(score.provenance.run, []).append(score)
        return found

    def evidence(self, run: str, claim: str | None = None) -> Evidence:
        """The evidence of one of the session's runs.

        Args:
            run: its name.
            claim: its id, for only what it was judged by; other claims may have taken more samples
                of the same variants.
        """
        return self._of_samples(run, 0 if claim is None else self._taken(run, claim))

    def _taken(self, run: str, claim: str) -> int:
        return self.runs[run].claims[qualified(claim)]

    def _of_samples(self, run: str, samples: int) -> Evidence:
        if samples >= max((score.samples_per_question for score in self.scores_of(run)), default=0):
            samples = 0  # all of them
        if (run, samples) not in self._evidence:
            self._evidence[run, samples] = self._limited(run, samples)
        return self._evidence[run, samples]

    def first_evidence(self, run: str, claim: str) -> Evidence:
        """The evidence of the first planned analysis of a claim."""
        planned = self.runs[run].planned
        return self._of_samples(run, planned[0] if len(planned) > 1 else self._taken(run, claim))

    @cached_property
    def _evidence(self) -> dict[tuple[str, int], Evidence]:
        """Evidence that was asked for: it keeps what it once computed."""
        return {}

    def _limited(self, run: str, samples: int) -> Evidence:
        record = self.runs[run]
        tables = {
            name: table(name).stored.validate_python(stored)
            for name, stored in record.tables.items()
        }
        scores = {score.variant: score for score in self.scores_of(run)}
        tables[SCORES.name] = replace(tables.get(SCORES.name, SCORES.empty), scores=scores)
        evidence = Evidence(run, record.steps, tables, record.kind)
        return evidence.limited(samples) if samples else evidence


def load_session(folder: Path) -> Session:
    """Read what :meth:`Session.save` wrote.

    Raises:
        AlphaRLBenchError: ``folder`` holds no session, or a damaged one.
    """
    path = stored(folder, SESSION)
    try:
        session = Session.model_validate_json(read_stored(path))
    except OSError as error:
        raise AlphaRLBenchError(
            f"{path}: no stored session ({error.strerror}); a report folder is what "
            f"`{session_command()} --report DIR` leaves behind"
        ) from error
    except ValidationError as error:
        raise _not_whole(path, "; ".join(faults_of(error))) from error
    for run, record in session.runs.items():
        for name, measured in record.tables.items():
            try:
                table(name).stored.validate_python(measured)
            except ValidationError as error:
                faults = "; ".join(faults_of(error))
                raise _not_whole(path, f"run '{run}', table '{name}': {faults}") from error
    scores = read_scores(stored(folder, RESPONSES), read_stored)
    return session.model_copy(update={"scores": tuple(scores)})


def _not_whole(path: Path, faults: str) -> AlphaRLBenchError:
    return AlphaRLBenchError(
        f"{path}: not a whole session of this version ({faults}); judge the runs again by "
        f"`{session_command()} --report DIR`, which takes the scores of this version from the cache"
    )
