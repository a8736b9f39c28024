"""What a session prints at its end, and the report that it writes."""

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from alpharl_bench.bench import Bench
from alpharl_bench.claims.papers import load_claims, shown_ids
from alpharl_bench.errors import GOES_ON, AlphaRLBenchError
from alpharl_bench.formatting import one_line
from alpharl_bench.invocation import typed_command
from alpharl_bench.plugin.faults import fault_of
from alpharl_bench.plugin.options import options, report_folder, reproducing, run_specs_of
from alpharl_bench.plugin.outcomes import (
    CLAIM,
    CONTRAST,
    DID_NOT_LEARN,
    LEFT,
    RUN,
    SAMPLES,
    SUMMARY,
    VERDICT,
)
from alpharl_bench.plugin.selection import left_out, left_out_line, nothing_core, words_of
from alpharl_bench.registry import load_registry, unknown
from alpharl_bench.runs.spec import RunSpec

if TYPE_CHECKING:
    from alpharl_bench.reporting import Measured


class SessionReport:
    """Collects the verdicts of a session, under xdist on the controller only.

    Args:
        config: the config of the session.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._judged: dict[str, dict[str, int]] = defaultdict(dict)
        self._unlearned: dict[str, str] = {}
        self._summaries: list[tuple[str, str, str]] = []
        self._left: list[str] = []
        self._written, self._failed = "", False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the verdict of every judged claim, and the runs that none is judged on."""
        properties = dict(report.user_properties)
        if report.when == "setup" and DID_NOT_LEARN in properties:
            self._unlearned[str(properties[RUN])] = str(properties[DID_NOT_LEARN])
        ended = report.when == "call" or (report.when == "setup" and report.skipped)
        if ended and LEFT in properties:
            self._left.append(str(properties[LEFT]))
        if report.when == "call" and VERDICT in properties:
            claims = self._judged[str(properties[RUN])]
            claims[str(properties[CLAIM])] = int(str(properties[SAMPLES]))
            outcome = CONTRAST if CONTRAST in properties else str(properties[VERDICT])
            claim, summary = str(properties[CLAIM]), str(properties[SUMMARY])
            self._summaries.append((claim, outcome, summary))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report from the stored scores; no model is loaded for it.

        A session whose report cannot be written has failed.
        """
        if not (self._judged or self._unlearned):
            return
        # Imported here: figures and tables take a second to load, in every worker too.
        from alpharl_bench.reporting import Session, write_report  # noqa: PLC0415

        folder = report_folder(self._config)
        arguments = map(str, self._config.invocation_params.args)
        try:
            stored = Session.of(
                [self._measured(run) for run in run_specs_of(self._config) if self._took_part(run)],
                command=typed_command(list(arguments)),
                interrupted=exitstatus == pytest.ExitCode.INTERRUPTED,
                left=self._left,
            )
            stored.save(folder)
            self._written = f"report: {write_report(folder)}"
        except (AlphaRLBenchError, OSError) as error:
            self._written, self._failed = f"ERROR: no report was written: {fault_of(error)}", True
            if exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _took_part(self, spec: RunSpec) -> bool:
        return spec.name in self._judged or spec.name in self._unlearned

    def _measured(self, spec: RunSpec) -> "Measured":
        # For the same reason.
        from alpharl_bench.reporting import Measured  # noqa: PLC0415

        asked = options(self._config, spec)
        bench = Bench(spec, asked)
        claims = self._judged.get(spec.name, {})
        batches = {
            load_claims()[claim]: max(1, samples // asked.sampling.samples)
            for claim, samples in claims.items()
        }
        return Measured(
            spec,
            evidence=bench.evidence(batches)
            if claims
            else bench.references(asked.interim_analyses),
            claims=claims,
            options=reproducing(self._config, spec),
            planned=asked.planned,
            digest=bench.opened.digest,
            coverage=bench.coverage,
        )

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """Print a line per verdict and per run without any, and where the report is."""
        if self._summaries or self._unlearned:
            terminalreporter.section("verdicts")
            colours = {"supported": "green", "refuted": "red", CONTRAST: "cyan"}
            ids = shown_ids([load_claims()[claim] for claim, _, _ in self._summaries])
            for claim, outcome, summary in self._summaries:
                line = f"{ids[claim]}{summary.removeprefix(load_claims()[claim].id)}"
                terminalreporter.write_line(
                    one_line(line), **{colours.get(outcome, "yellow"): True}
                )
            for line in self._unlearned.values():
                terminalreporter.write_line(one_line(line), yellow=True)
            for line in self._left:
                terminalreporter.write_line(one_line(f"left: {line}"), yellow=True)
            terminalreporter.write_line(one_line(self._written), red=self._failed)
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            terminalreporter.write_line(f"interrupted; {GOES_ON}", yellow=True)
        left = left_out(self._config)
        nothing = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        if nothing and (left or self._config.getoption("keyword")):
            line = f"ERROR: {self._nothing_selected()}"
            terminalreporter.write_line(one_line(line), red=True)
        elif left:
            terminalreporter.write_line(one_line(left_out_line(left)))

    def _nothing_selected(self) -> str:
        keyword, lane = (self._config.getoption(name) for name in ("keyword", "lane"))
        if left := left_out(self._config):
            return nothing_core(keyword, left)
        nothing, registry = f"-k '{keyword}' selects no test", load_registry()
        known = [spec.name for spec in run_specs_of(self._config)]
        if self._config.getoption("run"):
            return f"{nothing}; {unknown('run', keyword, known)}"
        lanes = registry.lanes_of(words_of(keyword))
        if lane in lanes:
            return f"{nothing}; no claim of what was named before it is judged on that run"
        if lanes:
            return f"{nothing}; such a run is in the lane '{lanes[0]}': add --lane {lanes[0]}"
        if lane == "paper":
            return f"{nothing}; {unknown('public run', keyword, known)}"
        names = [*registry.models, *registry.algorithms]
        return f"{nothing}; {unknown('model or algorithm', keyword, names)}"
