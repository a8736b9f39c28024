"""Under ``pytest -n`` all claims of a run are judged by one worker."""

import pytest
from xdist.scheduler import LoadScopeScheduling


class RunScheduling(LoadScopeScheduling):
    """Hand out tests run by run: two workers would wait for each other's training of one run."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rsplit("[", 1)[-1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> RunScheduling | None:
    """Take the place of xdist's default distribution, not of one that the user names."""
    return RunScheduling(config, log) if config.getoption("dist") == "load" else None
