"""Readings of the paper as parameters of tests; known errata are strict xfails."""

import pytest

from alpharl_bench.claims.papers import find_paper
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.plugin.items import paper_of
from alpharl_bench.plugin.outcomes import Refuted, Unsettled
from alpharl_bench.printed import PaperCheck, read_averages, read_statements

#: What a test may ask for, and where its parameters come from.
_SOURCES = {"paper_statement": read_statements, "paper_average": read_averages}


def parametrize_paper_checks(metafunc: pytest.Metafunc) -> None:
    """Give a test every ``paper_statement`` or every ``paper_average`` of its paper.

    No identifier has the name of a model or an algorithm: ``-k`` selects runs by these.
    """
    for name in _SOURCES.keys() & set(metafunc.fixturenames):
        try:
            checks = _SOURCES[name](find_paper(paper_of(metafunc.definition)).folder)
        except AlphaRLBenchError as error:
            raise pytest.Collector.CollectError(str(error)) from error
        strict = metafunc.config.getini("strict")
        metafunc.parametrize(
            name,
            [
                pytest.param(check, id=check.id, marks=[] if strict else _known(check))
                for check in checks
            ],
        )


def _known(check: PaperCheck) -> list[pytest.MarkDecorator]:
    if check.known != "contradicted":
        return []
    reason = f"{check.arithmetic}. {check.note}".removesuffix(" ")
    return [pytest.mark.xfail(reason=reason, strict=True, raises=Refuted)]


def check_printed(check: PaperCheck) -> None:
    """Return if the paper's numbers agree.

    Raises:
        Refuted: they do not; an expected failure where the paper's data know of it.
            One that is known not to hold, and does, is refuted too: its entry is out of date.
        Unsettled: no arithmetic can say: it is a slip, depends on a reading, or is not printed.
    """
    match check.outcome:
        case "consistent" if check.known in {"editorial slip", "depends on a reading"}:
            raise Refuted(f"{check}; it is known as '{check.known}'", pytrace=False)
        case "contradicted":
            raise Refuted(str(check), pytrace=False)
        case "editorial slip" | "depends on a reading" | "not printed":
            raise Unsettled(str(check))
