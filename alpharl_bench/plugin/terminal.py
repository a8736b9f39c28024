"""What a session prints at its end, and the report that it writes."""

import shlex
from collections import defaultdict

import pytest

from alpharl_bench.bench import Bench
from alpharl_bench.claims import CLAIMS
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.plugin.options import options, report_folder, reproducing, subjects
from alpharl_bench.plugin.outcomes import CLAIM, RUN, SAMPLES, SUMMARY, VERDICT
from alpharl_bench.registry import load_registry, unknown
from alpharl_bench.reporting import Session, write_report


class SessionReport:
    """Collects the verdicts of a session, under xdist on the controller only.

    Args:
        config: of the session.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._judged: dict[str, dict[str, int]] = defaultdict(dict)
        self._summaries: list[tuple[str, str]] = []
        self._written = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the verdict of every judged claim."""
        properties = dict(report.user_properties)
        if report.when == "call" and VERDICT in properties:
            claims = self._judged[str(properties[RUN])]
            claims[str(properties[CLAIM])] = int(str(properties[SAMPLES]))
            self._summaries.append((str(properties[VERDICT]), str(properties[SUMMARY])))

    def pytest_sessionfinish(self) -> None:
        """Write the report from the stored scores; no model is loaded for it."""
        if not self._judged:
            return
        asked = options(self._config)
        folder = report_folder(self._config)
        arguments = map(str, self._config.invocation_params.args)
        try:
            judged = [s for s in subjects(self._config) if s.name in self._judged]
            session = Session.of(
                judged,
                command=shlex.join(["pytest", *arguments]),
                options=reproducing(self._config),
                looks=asked.looks,
                evidence={
                    subject.name: Bench(subject, asked).evidence(
                        {
                            CLAIMS[claim]: max(1, samples // asked.sampling.samples)
                            for claim, samples in self._judged[subject.name].items()
                        }
                    )
                    for subject in judged
                },
                claims=dict(self._judged),
            )
            session.save(folder)
            self._written = f"report: {write_report(folder)}"
        except (AlphaRLBenchError, OSError) as error:
            self._written = f"no report was written: {error}"

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """Print a line per verdict, and where the report is."""
        if self._summaries:
            terminalreporter.section("verdicts")
            colours = {"supported": "green", "refuted": "red", "inconclusive": "yellow"}
            for verdict, line in self._summaries:
                terminalreporter.write_line(line, **{colours[verdict]: True})
            terminalreporter.write_line(self._written)
        elif exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._config.getoption("keyword"):
            terminalreporter.write_line(f"ERROR: {self._nothing_selected()}", red=True)

    def _nothing_selected(self) -> str:
        keyword, registry = self._config.getoption("keyword"), load_registry()
        if self._config.getoption("run"):
            words = [subject.name for subject in subjects(self._config)]
            return f"-k '{keyword}' selects no test; {unknown('run', keyword, words)}"
        words = [*registry.models, *registry.algorithms]
        return f"-k '{keyword}' selects no test; {unknown('model or algorithm', keyword, words)}"
