"""A stored session with its verdicts: what every form of the report is made from."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from alpharl_bench.claims import Claim, Outcome, Verdict, holm, judge
from alpharl_bench.claims.gains import Gains, gains
from alpharl_bench.claims.paper import Paper
from alpharl_bench.claims.papers import find_paper, load_claims, load_papers, shown_ids
from alpharl_bench.claims.pooled import CLUSTERS, Part, Pooled, part_of, pool
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.invocation import session_command
from alpharl_bench.reporting.chapters import question_of
from alpharl_bench.reporting.session import Session
from alpharl_bench.scoring import CONFIDENCE
from alpharl_bench.tables.scores import SCORES

#: How many runs are shown one by one; of all the others a report has counts.
LISTED = 20
#: So many runs have a column each in the first page's table of verdicts.
COLUMNS = 6
#: So many have a row each in the sections' tables of verdicts.
ROWS = 100


@dataclass(frozen=True)
class Judged:
    """Verdicts by qualified id of the claim, in the papers' order, and run.

    ``adjusted`` are Holm's p-values, by claim and run; facts of a run have none. ``pooled`` are the
    verdicts over several runs, by claim; ``gains`` say what each run learned, where its base was
    decoded in other ways too.
    """

    session: Session
    verdicts: dict[str, dict[str, Verdict]]
    adjusted: dict[tuple[str, str], float]
    pooled: dict[str, list[Pooled]] = field(default_factory=dict)
    gains: dict[str, Gains] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session) -> Self:
        """Judge every claim that the session judged, by the samples that it was judged by.

        Raises:
            AlphaRLBenchError: a claim is not known, or a score of it is missing.
        """
        known = load_claims()
        judged = {c for record in session.runs.values() for c in record.claims}
        if unknown := sorted(judged - known.keys()):
            raise AlphaRLBenchError(
                f"the stored session judged {', '.join(unknown)}, which this version of "
                "alpharl-bench does not know; take the version that wrote it, or judge the runs "
                f"again by `{session_command()} --report DIR`"
            )
        if len(session.runs) > LISTED:
            session = session.most_judged_first()
        by_claim: dict[str, dict[str, Verdict]] = {c: {} for c in known if c in judged}
        parts: dict[bool, dict[str, dict[str, Part | None]]] = {
            beyond: {c: {} for c in by_claim} for beyond in (False, True)
        }
        found_gains: dict[str, Gains] = {}
        for number, (run, record) in enumerate(session.runs.items()):
            for claim, verdicts in by_claim.items():
                if claim not in record.claims:
                    continue
                verdict = judge(known[claim], session.evidence(run, claim), record.planned)
                verdicts[run] = verdict
                if not verdict.contrast:
                    # Of the first analysis: later ones were made where a verdict was open.
                    first = session.first_evidence(run, claim) if verdict.value else None
                    parts[False][claim][run] = part_of(known[claim], first) if first else None
                    over = verdict.beyond.value if verdict.beyond else None
                    bar = first.strictest if first and over else None
                    parts[True][claim][run] = (
                        part_of(known[claim], first.above(bar)) if first and bar else None
                    )
            if session.scores_of(run):
                learned = gains(session.evidence(run), record.planned)
                found_gains |= {run: learned} if learned else {}
            if number >= LISTED:
                session.release(run)
        pooled = {
            claim: [
                replace(one, beyond=beyond)
                for beyond, of in parts.items()
                for one in _pooled(known[claim], of[claim], session)
                if not beyond or known[claim].table == SCORES.name
            ]
            for claim in by_claim
        }
        return cls(session, by_claim, _adjusted(by_claim), pooled, found_gains)

    @cached_property
    def claims(self) -> list[Claim]:
        """The claims that were judged, in the papers' order."""
        return [load_claims()[claim] for claim in self.verdicts]

    @cached_property
    def papers(self) -> list[Paper]:
        """The papers whose claims were judged; of a session that judged none the first one."""
        papers = dict.fromkeys(claim.paper_ref.paper for claim in self.claims)
        return [find_paper(paper) for paper in papers or list(load_papers())[:1]]

    def name(self, claim: Claim) -> str:
        """The id as it is shown: with its paper where claims of several were judged."""
        return self._names[claim.qualified_id]

    @cached_property
    def _names(self) -> dict[str, str]:
        return shown_ids(self.claims)

    def figure(self, claim: Claim) -> str:
        """The file of the curve that a claim compares, without its ending."""
        curve = claim.curve.name
        return curve if len(self.papers) == 1 else f"{claim.paper_ref.paper}-{curve}"

    @cached_property
    def curves(self) -> dict[str, list[Claim]]:
        """The claims by the figure of the curve that they compare, which they share."""
        found: dict[str, list[Claim]] = {}
        for claim in self.claims:
            found.setdefault(self.figure(claim), []).append(claim)
        return found

    @cached_property
    def shown(self) -> Session:
        """The session with those runs only that are shown one by one."""
        return self.session.first(LISTED)

    @property
    def hidden(self) -> int:
        """How many runs are not shown one by one."""
        return len(self.session.runs) - len(self.shown.runs)

    @property
    def family(self) -> list[Verdict]:
        """All verdicts."""
        return [verdict for by_run in self.verdicts.values() for verdict in by_run.values()]

    def of_claim(self, claim: Claim) -> dict[str, Verdict]:
        """A claim's verdicts on the runs that are shown."""
        verdicts = self.verdicts[claim.qualified_id]
        return {run: v for run, v in verdicts.items() if run in self.shown.runs}

    def p_adjusted(self, verdict: Verdict) -> float | None:
        """The p-value among all verdicts that answer the same question; None of a fact."""
        return self.adjusted.get((verdict.claim.qualified_id, verdict.run))

    def survives(self, verdict: Verdict) -> bool:
        """Whether a verdict is decided among those of its question at 5 %."""
        p = self.p_adjusted(verdict)
        return p is not None and p <= 1 - CONFIDENCE

    def known(self, verdict: Verdict) -> bool:
        """Whether the registry expects a refutation of the claim on this run."""
        expected = self.session.runs[verdict.run].expect.get(verdict.claim.qualified_id)
        return expected is not None and expected.verdict == "refuted"


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many there are of each outcome that there is, in words."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    return ", ".join(f"{counts[o]} {o}" for o in Outcome if counts[o]) or "none"


def _adjusted(by_claim: Mapping[str, Mapping[str, Verdict]]) -> dict[tuple[str, str], float]:
    """Holm's p-values: of claims and runs that answer one question, contrasts apart."""
    families: dict[tuple[str, bool], list[Verdict]] = {}
    for verdicts in by_claim.values():
        for verdict in verdicts.values():
            families.setdefault((question_of(verdict.claim), verdict.contrast), []).append(verdict)
    return {key: p for family in families.values() for key, p in holm(family).items()}


def _pooled(claim: Claim, parts: Mapping[str, Part | None], session: Session) -> Iterator[Pooled]:
    """A claim over the bases of each task, and over the seeds of recipes trained often enough.

    Runs that were asked other tasks learned something else: a mean over both would be of nothing.
    """
    groups: dict[str, dict[str, dict[str, Part | None]]] = {}
    origins = session.provenance
    several = len({origin.tasks for origin in origins.values()}) > 1
    for run, part in parts.items():
        tasks = origins[run].tasks if run in origins else ()
        asked = f" of {', '.join(tasks)}" if several and tasks else ""
        bases = groups.setdefault(f"bases{asked}", {})
        bases.setdefault(session.runs[run].model, {})[run] = part
        recipe = re.sub(r"-seed\d+$", "", run)
        groups.setdefault(f"seeds of {recipe}", {})[run] = {run: part}
    for over, clusters in groups.items():
        if len(clusters) >= CLUSTERS and (found := pool(claim, over, clusters)):
            yield found
