"""``--plan``: say what a session would take, and do none of it. What is lacking skips a claim."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import pytest

from alpharl_bench.bench import Bench, Options
from alpharl_bench.claims import Claim
from alpharl_bench.claims.papers import shown_ids
from alpharl_bench.claims.required import baselines_required, requirements_of
from alpharl_bench.device import planned_device
from alpharl_bench.formatting import lines
from alpharl_bench.plan import Budget, Cost, cost_of, measured
from alpharl_bench.plan.table import Planned, plan_text
from alpharl_bench.plugin.faults import ends_session
from alpharl_bench.plugin.items import claim_of, run_of
from alpharl_bench.plugin.options import options
from alpharl_bench.progress import note
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.runs.spec import RunSpec
from alpharl_bench.scoring.pace import Pace, measured_pace, pace_folder
from alpharl_bench.tables import Requirements, union
from alpharl_bench.variants import BASE

# Told once a session: each takes a look at the Hub's cache, and a network of the model's size.
_INFOS = pytest.StashKey[dict[str, RunInfo]]()
_BUDGET = pytest.StashKey[Budget]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print the plan in place of running the tests."""
    config = session.config
    if not config.getoption("plan") or session.testsfailed or config.option.collectonly:
        return None
    runs: dict[str, RunSpec] = {}
    claims: dict[str, list[Claim]] = defaultdict(list)
    unfit: dict[str, dict[Claim, str]] = defaultdict(dict)
    for item in session.items:
        if (run := run_of(item)) is None:
            continue
        runs[run.name], claim = run, claim_of(item)
        if skip := item.get_closest_marker("skip"):
            unfit[run.name][claim] = skip.kwargs["reason"]
        else:
            claims[run.name].append(claim)
    with ends_session():
        planned = [_planned(config, run, claims[name], unfit[name]) for name, run in runs.items()]
        asked = (config.getoption("tokens_per_second"), config.getoption("mean_tokens"))
        text = plan_text(planned, *asked)
    reporter = config.pluginmanager.getplugin("terminalreporter")
    reporter.section("plan")
    reporter.write_line(lines(text))
    return True


def lacking(config: pytest.Config, run: RunSpec, claim: Claim) -> str:
    """What this machine lacks to judge a claim beside those that it was asked about before.

    Room is reserved for a claim that it lacks nothing for.

    Raises:
        AlphaRLBenchError: options name what is not there.
    """
    info, asked = _info(config, run), options(config, run)
    required = _required(claim, info, asked, asked.interim_analyses)
    if _BUDGET not in config.stash:
        config.stash[_BUDGET] = Budget(measured())
    budget = config.stash[_BUDGET]
    reason = budget.lacking(run.name, required, info, asked)
    if not reason:
        budget.reserve(run.name, required, info, asked)
    return reason


def _planned(
    config: pytest.Config, run: RunSpec, claims: list[Claim], unfit: Mapping[Claim, str]
) -> Planned:
    info, asked = _info(config, run), options(config, run)
    if config.getoption("probe"):
        _probe(config, run, asked)
    reckoned = _reckoned(config, run, asked)
    ids = shown_ids([*claims, *unfit])
    required = {claim: _required(claim, info, asked, asked.interim_analyses) for claim in claims}
    short = {claim: reason for claim in required if (reason := lacking(config, run, claim))}
    costs = {claim: cost_of(one, info, asked, *reckoned) for claim, one in required.items()}
    return Planned(
        spec=run,
        info=info,
        asked=asked,
        claims={ids[claim.qualified_id]: cost for claim, cost in costs.items()},
        all=cost_of(union(required.values()), info, asked, *reckoned),
        skipped={ids[claim.qualified_id]: why for claim, why in {**unfit, **short}.items()},
        pace=_pace(config, run, asked),
    )


def _reckoned(
    config: pytest.Config, run: RunSpec, asked: Options
) -> tuple[float | None, float | None, float | None]:
    """Tokens per second, tokens of a response, and tokens read per second, as :func:`cost_of` has.

    As told, else as measured on such a model here.
    """
    pace = _pace(config, run, asked)
    if pace is None:
        return config.getoption("tokens_per_second"), config.getoption("mean_tokens"), None
    # On a CPU reading and generating are both arithmetic.
    return pace.rate, pace.tokens, pace.rate if planned_device("auto") == "cpu" else None


def _pace(config: pytest.Config, run: RunSpec, asked: Options) -> Pace | None:
    """What was measured, where the user tells nothing else."""
    if config.getoption("tokens_per_second") or config.getoption("mean_tokens"):
        return None
    return measured_pace(pace_folder(run.model, asked.sampling, asked.engine))


def _probe(config: pytest.Config, run: RunSpec, asked: Options) -> None:
    """Have the base answer every question once; its score is kept, as that of a session is."""
    info = _info(config, run)
    if info.to_train or info.remote - info.cached:
        what = "is not trained yet" if info.to_train else "has weights that are not here yet"
        note(f"--probe: {run.name} {what}; its base is not asked")
        return
    bench = Bench(run, asked)
    try:
        bench.scores({BASE: 1})
    finally:
        bench.close()


def cost_of_claim(
    config: pytest.Config, bench: Bench, claim: Claim, batches: int
) -> tuple[Cost, bool]:
    """What the cache lacks of so many analyses of a claim on a run that is open.

    And whether that rests on a measurement, or on what the user told.
    """
    run, asked = bench.spec, options(config, bench.spec)
    known = replace(
        _info(config, run), digest=bench.opened.digest, base_digest=bench.base_digest, to_train=0
    )
    rate, mean, reading = _reckoned(config, run, asked)
    required = _required(claim, known, asked, batches)
    return cost_of(required, known, asked, rate, mean, reading), rate is not None


def _required(claim: Claim, info: RunInfo, asked: Options, count: int) -> Requirements:
    required = requirements_of(claim, info.steps, count)
    if asked.sampling.has_baselines:
        return union([required, baselines_required({claim: count}, info.steps)])
    return required


def _info(config: pytest.Config, run: RunSpec) -> RunInfo:
    found = config.stash.setdefault(_INFOS, {})
    if run.name not in found:
        found[run.name] = run.source.info()
    return found[run.name]
