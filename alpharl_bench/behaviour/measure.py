"""From passes to their figures: each is made once and kept, a killed session goes on behind it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from alpharl_bench.behaviour.agreement import alike
from alpharl_bench.behaviour.asking import Asking, Continued
from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.divergence import Diverged
from alpharl_bench.behaviour.measurements import (
    AnswerAgreement,
    Chains,
    Continuation,
    Divergence,
    Measurement,
    TeacherForced,
    chains_of,
    variants_of,
)
from alpharl_bench.behaviour.reading import Read, figures
from alpharl_bench.behaviour.shown import Asked, examples, places, tokens
from alpharl_bench.behaviour.table import Behaviour, QuestionRow
from alpharl_bench.cache import content_key, locked, write_whole
from alpharl_bench.grading import Mark
from alpharl_bench.progress import progress_bar
from alpharl_bench.scoring.store import identity

Made = TypeVar("Made")


class Measure:
    """The passes of one run under one sampling.

    Args:
        asking: puts the questions; called when something has to be made.
        text: maps a token to its text.
        folder: the folder of the passes, one file each.
        title: the title of the progress bar.
    """

    def __init__(
        self,
        asking: Callable[[], Asking],
        text: Callable[[int], str],
        folder: Path,
        title: str,
    ) -> None:
        self._asking, self._text, self._folder, self._title = asking, text, folder, title
        self._loaded: dict[Measurement, Any] = {}

    def behaviour(self, wanted: Sequence[Measurement]) -> Behaviour:
        """What claims ask for, of all questions; made where the folder lacks it."""
        with locked(self._folder):
            questions = self._kept("questions", list[Asked], self._questions)
            passes = list(dict.fromkeys([*(c for w in wanted for c in chains_of(w)), *wanted]))
            missing = [
                p for p in passes if not (isinstance(p, AnswerAgreement) or self._path(p).is_file())
            ]
            with progress_bar(self._title, len(missing), "pass", shown=bool(missing)) as bar:
                for one in missing:
                    self._load(one)
                    bar.update()
            rows = {one.label: self._rows(one) for one in passes}
        return Behaviour(
            questions=tuple(
                QuestionRow(
                    question.task,
                    question.id,
                    {
                        one[figure]: float(rows[one.label][i][figure])
                        for one in passes
                        for figure in one.figures
                    },
                )
                for i, question in enumerate(questions)
            ),
            places={
                one.label: places(self._chains(one), self._load(one))
                for one in passes
                if isinstance(one, TeacherForced) and not one.of_another
            },
            tokens=tokens(
                [
                    pair
                    for one in passes
                    if isinstance(one, TeacherForced) and one.critical
                    for pair in zip(self._chains(one), self._load(one), strict=True)
                ],
                self._text,
            ),
            examples=examples(
                questions,
                {
                    one.label: self._load(one)
                    for likeness in passes
                    if isinstance(likeness, AnswerAgreement)
                    for one in chains_of(likeness)
                },
            ),
        )

    def _rows(self, wanted: Measurement) -> list[Mapping[str, float]]:
        """The figures of a pass, question by question."""
        match wanted:
            case Chains():
                found: list[Chain] = self._load(wanted)
                return [{"right": c.mark == Mark.RIGHT, "tokens": len(c.tokens)} for c in found]
            case TeacherForced():
                pairs = zip(self._chains(wanted), self._load(wanted), strict=True)
                return [figures(chain.tokens, read) for chain, read in pairs]
            case Continuation():
                continued: list[Continued] = self._load(wanted)
                return [{"right": c.chain.mark == Mark.RIGHT, "given": c.given} for c in continued]
            case Divergence():
                apart: list[Diverged] = self._load(wanted)
                lengths = [len(chain.tokens) for chain in self._load(wanted.chains)]
                return [
                    {"nats": one.estimate, "drawn": one.drawn, "tokens": length}
                    for one, length in zip(apart, lengths, strict=True)
                ]
            case AnswerAgreement():
                both = zip(self._load(wanted.chains), self._load(wanted.other), strict=True)
                return [alike(chain, other) for chain, other in both]

    def _load(self, wanted: Measurement) -> Any:
        if wanted not in self._loaded:
            self._loaded[wanted] = self._made(wanted)
        return self._loaded[wanted]

    def _made(self, wanted: Measurement) -> Any:
        path = self._path(wanted).stem
        match wanted:
            case Chains():
                return self._kept(path, list[Chain], lambda: self._asking().respond(wanted))
            case TeacherForced():
                return self._kept(
                    path, list[Read], lambda: self._asking().read(wanted, self._chains(wanted))
                )
            case Continuation():
                return self._kept(
                    path,
                    list[Continued],
                    lambda: self._asking().go_on(wanted, self._load(wanted.chains)),
                )
            case Divergence():
                return self._kept(
                    path,
                    list[Diverged],
                    lambda: self._asking().compare(wanted, self._load(wanted.chains)),
                )
        raise TypeError(wanted)

    def _chains(self, wanted: TeacherForced) -> list[Chain]:
        """The chains as they are read; those of another question are of the next of its task."""
        chains: list[Chain] = self._load(wanted.chains)
        if not wanted.of_another:
            return chains
        tasks = [q.task for q in self._kept("questions", list[Asked], self._questions)]
        places = {task: [i for i, other in enumerate(tasks) if other == task] for task in tasks}
        following = {
            i: own[(n + 1) % len(own)] for own in places.values() for n, i in enumerate(own)
        }
        return [chains[following[i]] for i in range(len(chains))]

    def _questions(self) -> list[Asked]:
        # Sets with choices are behind a gate, so that they stay out of training data.
        return [
            Asked(q.task, q.id, "" if q.kind == "choice" else q.prompt)
            for q in self._asking().questions
        ]

    def _kept(self, name: str, kind: type[Made], make: Callable[[], Made]) -> Made:
        path, adapter = self._folder / f"{name}.json", TypeAdapter(kind)
        if not path.is_file():
            write_whole(path, adapter.dump_json(make()).decode())
        return adapter.validate_json(path.read_bytes())

    def _path(self, wanted: Measurement) -> Path:
        return measurement_path(self._folder, wanted)


def measurement_path(folder: Path, wanted: Measurement) -> Path:
    """The file of a pass in the folder of a run's passes."""
    variants = [identity(variant) for variant in variants_of(wanted)]
    key = content_key(label=wanted.label, variants=variants)
    return folder / f"{key}.json"
