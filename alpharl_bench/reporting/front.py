"""The first page: what was run, what holds, what does not, what cannot be told."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from alpharl_bench.claims import Claim, Interval, Origin, Outcome, Verdict
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.judged import COLUMNS, LISTED, ROWS, Judged, counted
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.text import code, plain

#: So many models or algorithms are named where there are more combinations than columns.
_NAMED = 12
_CONTRAST = """\
*contrast*: the claim is about another kind of training than this run's. A refutation there is \
what the paper expects, so it fails nothing; support there means that the claim does not set RL \
apart."""
_WORDS = """\
*supported*: the interval of the statistic lies entirely where the claim holds; *refuted*: it lies \
entirely where the claim does not hold, by a line that the paper printed or that follows from what \
it says; *inconclusive*: it contains the line; *not informative*: the run cannot be told from a \
control; *measured*: a number without a verdict, as it is a fact of one run, whose modules or \
tokens are no sample, or fails by a line of ours alone. *our line*: so does this support. *known*: \
the registry expects the refutation and gives the reason; *new*: it does not."""
_GAINS = """\
A gain is taken apart by what the *untrained base* does where its tokens are chosen otherwise, \
each setting chosen on questions that are not reported. *Format*: its unreadable responses left \
out. *Switch*: its first token forced or forbidden, one logit shifted, or a bias vector, one \
number for each token and for each first token, fitted by the reward. *Sharpening*: greedily, at \
its best temperature, or greedily with the bias vector. *Beyond*: what the trained model answers \
more than all of these; *told*: the interval of each difference is above 0. A claim on a run \
without it is not informative about learning, whatever its verdict. *Exact steps*: responses that \
are the worked solution to the letter."""
_POOLED = """\
The sentences of a paper speak of models, not of one training. Each claim over all bases of this \
session, or over the seeds of one recipe, where there are three or more: a mean over them with \
Student's interval (*df* degrees of freedom), whose variance is that between them and that of the \
questions that they share. *9 of 10 runs*: the others have no number, as where nothing was \
learned, or were asked other questions. The first analysis of each run counts, as later ones were \
made only where a verdict was open. *Beyond its controls*: run minus control."""


def page(judged: Judged) -> str:
    """The title and the summary."""
    session = judged.session
    number = _several(len(session.runs), "training run")
    lines = [f"# {_several(len(judged.verdicts), 'claim')} judged on {number}", ""]
    lines += [_what_was_run(judged), ""]
    if session.interrupted:
        lines += ["**The session was interrupted**: missing claims were not judged.", ""]
    if session.left:
        lines += ["**The budget was not enough for all claims:**", ""]
        lines += [*(f"- {plain(line)}" for line in session.left), ""]
    return "\n".join([*lines, *_summary(judged), *_runs(judged)])


def _what_was_run(judged: Judged) -> str:
    session = judged.session
    parts = [
        f"Claims of {' and '.join(map(str, judged.papers))}",
        f"runs: {_which_runs(session) or 'none'}",
    ]
    origins = session.provenance.values()
    if origins:
        tasks = list(dict.fromkeys(task for origin in origins for task in origin.tasks))
        engines = dict.fromkeys(f"{o.engine} in {o.dtype} on {o.device}" for o in origins)
        sizes = {len(session.scores_of(run)[0].questions) for run in session.provenance}
        samples = {origin.samples_per_question for origin in origins}
        asked = f"{_range(sizes)} questions, {_range(samples)} samples each per analysis"
        parts.append(f"asked {', '.join(map(plain, tasks))}: {asked}")
        parts.append(f"engine {', '.join(map(plain, engines))}")
    commands = " and ".join(map(code, session.commands))
    return f"{'; '.join(parts)}. {plain(session.date)}, {commands}"


def _which_runs(session: Session) -> str:
    """What was trained by what; of many combinations the models and the kinds of training."""
    runs = session.runs.values()
    combined = Counter((run.model, f"{run.algorithm} ({run.kind})") for run in runs)
    if len(combined) <= COLUMNS:
        return ", ".join(f"{n} of {plain(m)} by {plain(by)}" for (m, by), n in combined.items())
    models = Counter(run.model for run in runs)
    algorithms = Counter(f"{run.algorithm} ({run.kind})" for run in runs)
    return f"{_most(models, 'model')}, trained by {_most(algorithms, 'algorithm')}"


def _most(counts: Counter[str], what: str) -> str:
    """How many there are, and the names of the most frequent."""
    named = [plain(name) for name, _ in counts.most_common(_NAMED)]
    more = ["…"] if len(counts) > len(named) else []
    return f"{_several(len(counts), what)} ({', '.join([*named, *more])})"


def _summary(judged: Judged) -> Iterator[str]:
    yield from _learned(judged)
    family = judged.family
    contrasts = [verdict for verdict in family if verdict.contrast]
    parts = [
        f"{whose} {counted(own)}"
        for whose, ours in (("by lines of the paper", False), ("by lines of ours", True))
        if (own := [v for v in family if not v.contrast and _by_ours(v.claim) == ours])
    ]
    parts += [f"for contrast {counted(contrasts)}"] if contrasts else []
    yield from ("## Summary", "", f"Verdicts: {'; '.join(parts) or 'none'}.", "")
    if any(judged.pooled.values()):
        yield from ("**Over several runs**", "", _POOLED, "")
        yield from (tables.markdown(tables.pooled(judged, judged.claims)), "")
        yield from ("**Run by run**", "")
    left = judged.claims
    for title, belongs in _GROUPS.items():
        found = [claim for claim in left if belongs(claim, _own(judged, claim))]
        left = [claim for claim in left if claim not in found]
        if found:
            yield from (f"**{title}**", "", *(_sentence(judged, claim) for claim in found), "")
    if not family:
        yield from ("No claim was judged.", "")
        return
    wide = len(judged.session.runs) > COLUMNS
    yield from (tables.markdown(counts(judged) if wide else tables.summary(judged)), "")
    yield from (_WORDS, *([_CONTRAST] if contrasts else []), "")
    decided = [verdict for verdict in family if verdict.decided]
    surviving = sum(map(judged.survives, decided))
    yield (
        f"Every verdict has its own 5 % risk of being false. {surviving} of {len(decided)} decided "
        "verdicts survive Holm's correction, which limits the risk of any false verdict to 5 % "
        "among the claims and runs that answer one question: those of a chapter below, contrasts "
        f"apart. {tables.NOT_SURVIVING} marks those that do not."
    )
    yield ""


def _learned(judged: Judged) -> Iterator[str]:
    """What the gains are made of, before anything is said of what carries them."""
    if not judged.gains:
        return
    told = sum(found.told for found in judged.gains.values())
    yield from ("## What the runs learned", "")
    yield (
        f"{told} of {_several(len(judged.gains), 'run')} learned something that the base does not "
        "do when its tokens are chosen otherwise."
    )
    yield ""
    yield from ("![Gains taken apart](figures/gains.svg)", "", _GAINS, "")
    yield from (tables.markdown(tables.gains(judged)), "")


def _own(judged: Judged, claim: Claim) -> list[Verdict]:
    verdicts = judged.verdicts[claim.qualified_id].values()
    return [verdict for verdict in verdicts if not verdict.contrast]


def _by_ours(claim: Claim) -> bool:
    return claim.threshold.origin is Origin.OURS


def _all_decided(outcome: Outcome, *, ours: bool) -> Callable[[Claim, Sequence[Verdict]], bool]:
    return lambda claim, own: (
        _by_ours(claim) == ours and {v.outcome for v in own if v.decided} == {outcome}
    )


#: What a claim belongs to by its verdicts on the runs that it is about; the first that fits.
_GROUPS: dict[str, Callable[[Claim, Sequence[Verdict]], bool]] = {
    "What holds": _all_decided(Outcome.SUPPORTED, ours=False),
    "What does not hold": _all_decided(Outcome.REFUTED, ours=False),
    "What holds by a line of ours": _all_decided(Outcome.SUPPORTED, ours=True),
    "What holds of some runs and not of others": lambda _, own: any(v.decided for v in own),
    "What was measured, and decides nothing": lambda _, own: any(
        verdict.outcome is Outcome.MEASURED for verdict in own
    ),
    "What cannot be told": lambda _, own: bool(own),
    "Judged for contrast alone": lambda *_: True,
}


def _sentence(judged: Judged, claim: Claim) -> str:
    """The claim and the numbers that decide it, in a line."""
    own = _own(judged, claim)
    contrasts = [v for v in judged.verdicts[claim.qualified_id].values() if v.contrast]
    parts = []
    if len(own) == 1:
        (verdict,) = own
        where = f" on {plain(verdict.run)}" if len(judged.session.runs) > 1 else ""
        number = verdict.value or "no number"
        parts.append(f"{number}{where}, asked for {tables.asked_for(claim)}")
        parts += [f"{plain(name)}: {one.value}" for name, one in verdict.controls.items()]
        if verdict.practical:
            parts.append(f"by our weaker line {tables.practical(verdict)}")
        if verdict.note and not verdict.alone:
            parts.append(plain(verdict.note))
    elif own:
        told = f"{counted(own)} of {len(own)}: {_estimates(own)}"
        parts.append(f"{told}, asked for {tables.asked_for(claim)}")
        for null in (*claim.nulls, *claim.ceilings):
            values = [v.controls[null.name].value for v in own if null.name in v.controls]
            parts.append(f"{plain(null.name)}: {_spread(values)}")
    if own:
        parts.append(f"paper: {plain(claim.printed.statistic)}")
    else:
        parts.append(f"{counted(contrasts)}: {_estimates(contrasts)}")
    return f"- **{judged.name(claim)}** {plain(claim.title)}: {'; '.join(parts)}"


def counts(judged: Judged) -> pd.DataFrame:
    """One row per claim: how many runs have which verdict, where runs are too many for columns."""
    rows = []
    for claim in judged.claims:
        by_run, own = judged.verdicts[claim.qualified_id], _own(judged, claim)
        outcomes = Counter(verdict.outcome for verdict in own)
        known = sum(judged.known(v) for v in own if v.outcome is Outcome.REFUTED)
        rows.append(
            {
                "claim": judged.name(claim),
                "": claim.title,
                **{str(outcome): outcomes[outcome] for outcome in Outcome},
                "of these refuted known": known,
                "for contrast": len(by_run) - len(own),
                "ours": _estimates(own),
                "asked for": tables.asked_for(claim),
            }
        )
    return pd.DataFrame(rows)


def _runs(judged: Judged) -> Iterator[str]:
    yield from ("## Runs", "")
    if judged.hidden:
        tables_too = ", in each section's table" if len(judged.session.runs) <= ROWS else ""
        yield (
            f"The {LISTED} runs with the most judged claims are shown individually, here, in all "
            f"later sections and in the figures. {judged.hidden:,} more are in "
            f"`results.json`{tables_too} and in the counts."
        )
        yield ""
    yield from (tables.markdown(tables.runs(judged.shown)), "")


def _estimates(verdicts: Sequence[Verdict]) -> str:
    return _spread([verdict.value for verdict in verdicts if verdict.value])


def _spread(values: Sequence[Interval]) -> str:
    estimates = [value.estimate for value in values]
    return f"{min(estimates):.3f} … {max(estimates):.3f}" if estimates else "no number"


def _range(numbers: set[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _several(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
