"""The report in Markdown, paper by paper in their order; the page in HTML is made from it."""

from collections.abc import Iterator

from alpharl_bench.claims.paper import Paper
from alpharl_bench.reporting import front, paper
from alpharl_bench.reporting.appendix import reading, responses, variants
from alpharl_bench.reporting.chapters import chapters_of
from alpharl_bench.reporting.claim_sections import chapter
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.places import places
from alpharl_bench.reporting.provenance import provenance


def report(judged: Judged) -> str:
    """The whole report; each of several papers is a part of it."""
    several = len(judged.papers) > 1
    sections = [front.page(judged)]
    for own in judged.papers:
        sections += [f"# {own}\n"] if several else []
        sections += _part(judged, own)
    sections += ["# All papers\n"] if several else []
    sections += [reading(judged.papers), *responses(judged.shown), *variants(judged)]
    sections += [provenance(judged)]
    return "\n".join(sections)


def _part(judged: Judged, own: Paper) -> Iterator[str]:
    for one in chapters_of(own):
        yield from chapter(judged, one.title, one.claims)
        for sections in one.sections:
            yield from sections(judged.shown)
    yield from places(judged, own)
    yield from paper.section(own)
