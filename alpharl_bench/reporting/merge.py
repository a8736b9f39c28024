"""Sessions of several hosts as one: runs, claims and scores united, nothing counted twice."""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting.session import RunRecord, Session, load_session
from alpharl_bench.reporting.storage import RESPONSES, SESSION, stored
from alpharl_bench.scoring import Provenance
from alpharl_bench.tables import table

#: How a host names a run, which its digest tells apart, and sums whose last bits its processor
#: decides; the first host's is kept.
_OF_THE_HOST = ("selected_by", "model", "source", "coverage")
#: What all scores of a run share; an engine that ran out of memory has halved its batch, and notes
#: are also of variants and name files of a host.
_ORIGIN = Provenance.model_fields.keys() - {"batch_size", "notes"}
#: What a session says that did not measure something.
_NOTHING: tuple[Any, ...] = (None, [], {})
_AGAIN = "judge them again under the same options and versions, or make two reports"


class _Differ(Exception):  # noqa: N818  (says where, the caller makes an error of it)
    """Two values for one key; the arguments are the names that lead to it."""


@dataclass(frozen=True)
class _From:
    """A value and the folder that it was read from."""

    folder: Path
    value: Any


def merge_sessions(folders: Sequence[Path]) -> Session:
    """One session of what stands in several report folders, in their order.

    A score is known by its run, the digests of run and questions, and its variant. One that is in
    two folders counts once; of two with another number of samples the one that continues the
    other. Claims may be judged on other hosts than others of the same run.

    Args:
        folders: the folders of one or more reports.

    Raises:
        AlphaRLBenchError: a folder holds no session, one key has two values, or runs were measured
            in ways that cannot stand in one report. The message names both files.
    """
    sessions = [(folder, load_session(folder)) for folder in folders]
    runs: dict[str, _From] = {}
    scores: dict[tuple[str, str], _From] = {}
    for folder, session in sessions:
        for name, record in session.runs.items():
            known = runs.get(name)
            found = _From(folder, record)
            runs[name] = _record(name, known, found) if known else found
    stored = [_From(folder, score) for folder, session in sessions for score in session.scores]
    _comparable(stored)
    for found in stored:
        key = (found.value.provenance.run, found.value.variant)
        scores[key] = _score(scores[key], found) if key in scores else found
    return Session(
        command="; ".join(dict.fromkeys(session.command for _, session in sessions)),
        date=max(session.date for _, session in sessions),
        interrupted=any(session.interrupted for _, session in sessions),
        left=tuple(dict.fromkeys(line for _, session in sessions for line in session.left)),
        runs={name: found.value for name, found in runs.items()},
        scores=tuple(found.value for found in scores.values()),
    )


def _files(name: str, first: _From, second: _From) -> str:
    return f"{stored(first.folder, name)} and {stored(second.folder, name)}"


def _record(name: str, first: _From, second: _From) -> _From:
    # As they are stored, where NaN is a constant.
    one, other = (json.loads(found.value.model_dump_json()) for found in (first, second))
    if one["digest"] == other["digest"]:
        other |= {field: one[field] for field in _OF_THE_HOST}
    try:
        both = json.dumps(_both(one, other))
    except _Differ as differ:
        raise AlphaRLBenchError(
            f"{_files(SESSION, first, second)}: '{_place(differ.args)}' "
            f"of run '{name}' is not the same; give two runs two names, or {_AGAIN}"
        ) from None
    return _From(first.folder, RunRecord.model_validate_json(both))


def _both(one: Any, other: Any, *place: str) -> Any:
    """What two records of one run say together: what only one of them has, and what both have.

    Raises:
        _Differ: they contradict each other.
    """
    # By their texts: NaN is not equal to itself.
    if json.dumps(one) == json.dumps(other) or other in _NOTHING:
        return one
    if one in _NOTHING:
        return other
    if isinstance(one, list) and (fields := _named_by(place)):
        named = [_by_name(fields, entries) for entries in (one, other)]
        return list(_both(named[0], named[1], *place[:-1], f"{place[-1]} of").values())
    if isinstance(one, dict) and isinstance(other, dict):
        united = one | other
        for name in one.keys() & other.keys():
            united[name] = _both(one[name], other[name], *place, name)
        return united
    raise _Differ(*place)


def _place(names: Sequence[str]) -> str:
    """Where two records differ, in words: what is in a table is known by the table's name."""
    return " ".join(names[1:] if names[0] == "tables" else names)


def _named_by(place: Sequence[str]) -> tuple[str, ...]:
    """The fields that name the entries of a list of a table; none of anything else."""
    match place:
        case ("tables", name):
            return table(name).entries.get("", ())
        case ("tables", name, part):
            return table(name).entries.get(part, ())
    return ()


def _by_name(fields: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {" ".join(str(entry[field]) for field in fields): entry for entry in entries}


def _score(first: _From, second: _From) -> _From:
    one, other = first.value, second.value
    fewer, more = sorted((first, second), key=lambda found: found.value.samples_per_question)
    if (
        one.questions != other.questions
        or more.value.first(fewer.value.samples_per_question).responses != fewer.value.responses
        or one.kuhn_policy != other.kuhn_policy
    ):
        raise AlphaRLBenchError(
            f"{_files(RESPONSES, first, second)}: '{one.variant}' of run "
            f"'{one.provenance.run}' has the same key and other responses: one was damaged, or "
            "scored on hardware that computes otherwise; judge the run again on one of the hosts"
        )
    return first if more.value.samples_per_question == one.samples_per_question else second


def _comparable(scores: Sequence[_From]) -> None:
    """Refuse scores that no table should have side by side.

    Those of one run have one origin. Runs may be asked different tasks; those that are asked the
    same are asked alike, and all of them are measured by the same versions.
    """
    known: dict[tuple[Any, ...], _From] = {}
    for found in scores:
        own: Provenance = found.value.provenance
        for group, fields in (
            (("all of it", own.run), _ORIGIN),
            (("any questions",), {"engine", "dtype", "packages"}),
            (("the same tasks", own.tasks), {"questions_per_task", "samples_per_question", "seed"}),
            (("the same questions", own.tasks, own.prompt), {"sampling_key"}),
        ):
            first = known.setdefault(group, found)
            one: Provenance = first.value.provenance
            if differing := _differing(one, own, fields):
                runs = " and ".join(dict.fromkeys(f"'{run}'" for run in (one.run, own.run)))
                raise AlphaRLBenchError(
                    f"{_files(RESPONSES, first, found)}: {runs} was asked "
                    f"{group[0]} under another {differing}; {_AGAIN}"
                )


def _differing(one: Provenance, other: Provenance, fields: Set[str]) -> str:
    """The first field in which two differ, with both values; nothing where they agree."""
    values = one.model_dump(include=set(fields))
    # Of many packages those that are to be changed.
    versions = {f"version of {name}": v for name, v in values.pop("packages", {}).items()}
    for field, value in (values | versions).items():
        second = other.packages.get(field.removeprefix("version of "), getattr(other, field, None))
        if second != value:
            return f"{field} ({value} and {second})"
    return ""
