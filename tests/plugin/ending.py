"""A plugin for sessions of tests, ``-p tests.plugin.ending``: a signal comes after a verdict.

``ENDING`` is its number. Under xdist the process of the session gets it, as from ``kill``. What is
judged next takes too long to wait for; ``WORKER`` is a file for the process that does.
"""

import os
import time
from pathlib import Path

import pytest

_works_for_another = False
_judged = 0


def pytest_configure(config: pytest.Config) -> None:
    # The environment tells as much of the session that runs this test.
    global _works_for_another  # noqa: PLW0603  (of a process that runs one session)
    _works_for_another = hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "verdict" in dict(report.user_properties) and report.when == "call":
        global _judged  # noqa: PLW0603  (of a process that runs one session)
        _judged += 1
        if not _works_for_another:
            os.kill(os.getpid(), int(os.environ["ENDING"]))


def pytest_runtest_setup() -> None:
    Path(os.environ["WORKER"]).write_text(str(os.getpid()))
    if _judged:
        time.sleep(600)
