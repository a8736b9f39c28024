"""Every test of a claim runs once per run that is judged; known refutations are strict xfails."""

import os
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from alpharl_bench.cache import cache_root
from alpharl_bench.claims import Claim
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.interrupts import signals_interrupt
from alpharl_bench.option_types import require_writable
from alpharl_bench.plugin.budget import first_page_first
from alpharl_bench.plugin.executing import chosen_executor, refuse_contradictions
from alpharl_bench.plugin.faults import ends_session, fault_of
from alpharl_bench.plugin.items import PARAMETER, claim_of, run_of
from alpharl_bench.plugin.options import options, report_folder, run_specs_of
from alpharl_bench.plugin.outcomes import Refuted
from alpharl_bench.plugin.paper_checks import parametrize_paper_checks
from alpharl_bench.plugin.plan import lacking
from alpharl_bench.plugin.scheduling import share_machine
from alpharl_bench.plugin.selection import leave_out
from alpharl_bench.plugin.terminal import SessionReport
from alpharl_bench.runs.spec import RunSpec

# By the name of a run the claims that the session judges on it.
_SELECTED = pytest.StashKey[dict[str, list[Claim]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of claims; under xdist workers share the machine, one process reports."""
    if hasattr(config, "workerinput"):
        share_machine(
            int(config.workerinput["workerid"].removeprefix("gw")),
            config.workerinput["workercount"],
            config.workerinput["gpus"],
            gpus_each=config.getoption("tensor_parallel"),
        )
    with ends_session():
        _refuse_what_no_report_can_hold(config.invocation_params.args)
        refuse_contradictions(config)
        _refuse_workers_of_a_plan(config)
        for spec in run_specs_of(config):
            options(config, spec)
    signals = ExitStack()
    signals.enter_context(signals_interrupt())
    config.add_cleanup(signals.close)
    config.addinivalue_line("markers", "claim(id): the claim of a paper that a test judges")
    config.addinivalue_line("markers", "paper(arxiv): the paper that a suite is about")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SessionReport(config), "alpharl-bench-report")


def _refuse_workers_of_a_plan(config: pytest.Config) -> None:
    if config.getoption("plan") and config.getoption("numprocesses", None):
        raise AlphaRLBenchError("--plan: cannot be combined with -n; nothing is run")
    if config.getoption("probe") and not config.getoption("plan"):
        raise AlphaRLBenchError("--probe: requires --plan")


def _refuse_what_no_report_can_hold(arguments: Sequence[str | os.PathLike[str]]) -> None:
    """Names of files may be any bytes; a report and what is stored for it are UTF-8."""
    for argument in arguments:
        typed = os.fspath(argument)
        shown = typed.encode("utf-8", "backslashreplace").decode()
        if shown != typed:
            raise AlphaRLBenchError(f"{shown}: is not UTF-8, which a report is; rename it")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a verdict every run that its claim is judged on.

    One that asks for a reading of the paper gets all of them that it is about.
    """
    parametrize_paper_checks(metafunc)
    if PARAMETER not in metafunc.fixturenames:
        return
    try:
        claim = claim_of(metafunc.definition)
        cache_root()
        runs = [run for run in run_specs_of(metafunc.config) if claim.judged_on(run.kind)]
    except (AlphaRLBenchError, OSError) as error:
        raise pytest.Collector.CollectError(fault_of(error)) from error
    parameters = [pytest.param(run, id=run.name) for run in runs]
    if not runs:
        reason = f"{claim.id} is about {', '.join(sorted(claim.kinds or ()))}: no such run is here"
        parameters = [pytest.param(None, id="no run", marks=pytest.mark.skip(reason=reason))]
    metafunc.parametrize(PARAMETER, parameters, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not core, mark known refutations, and skip what cannot be judged here.

    Of a public run that is what the engine cannot score or the machine has no room for: it is
    told before a byte is downloaded. A plan tells the latter for every run.
    """
    leave_out(config, items)
    first_page_first(config, items)
    for item in items:
        run = run_of(item)
        if run is None:
            continue
        claim = claim_of(item)
        with ends_session():
            reason = _unfit(config, run, claim)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
        known = run.expect.get(claim.qualified_id)
        fails = known and known.verdict == "refuted" and not claim.contrasts(run.kind)
        if known and fails and not config.getini("strict"):
            item.add_marker(pytest.mark.xfail(reason=known.reason, strict=True, raises=Refuted))


def _unfit(config: pytest.Config, run: RunSpec, claim: Claim) -> str:
    """Why a claim cannot be judged on a run here; nothing where it can."""
    asked = options(config, run)
    engine, kind = asked.engine.name, asked.sampling.kind
    if claim.engine not in {None, engine}:
        return f"{claim.id} takes --engine {claim.engine}: {engine} cannot score its variants"
    if reason := claim.reads_from.unsupported_reason(kind):
        return f"{claim.id} {reason}"
    fetched = run.source.public or asked.one_checkpoint
    if fetched and not config.getoption("plan") and (reason := lacking(config, run, claim)):
        return f"{claim.id} on {run.name} {reason}"
    return ""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find the questions, the cluster and the report's folder before anything is trained."""
    config, runs = session.config, {}
    selected: dict[str, list[Claim]] = {}
    for item in session.items:
        if (run := run_of(item)) is not None and item.get_closest_marker("skip") is None:
            runs[run.name] = run
            selected.setdefault(run.name, []).append(claim_of(item))
    config.stash[_SELECTED] = selected
    # A worker's mistake is shown by the tests that ask for the questions.
    if config.option.collectonly or config.getoption("plan") or hasattr(config, "workerinput"):
        return
    with ends_session():
        if runs:
            require_writable(report_folder(config))
        for run in runs.values():
            if is_scored(config, run):
                asked = options(config, run).sampling
                asked.refuse_missing()
                _ = asked.key
        if runs:
            chosen_executor(config)


def is_scored(config: pytest.Config, run: RunSpec) -> bool:
    """Whether the session scores a run at all; claims about weights alone ask none."""
    return any(claim.needs_generation for claim in judged_claims(config, run))


def judged_claims(config: pytest.Config, run: RunSpec) -> list[Claim]:
    """The claims that the session judges on a run, of those that can be judged here."""
    return config.stash[_SELECTED].get(run.name, [])
