"""How xdist hands out tests: all claims of a run go to one worker."""

from xdist.scheduler import LoadScopeScheduling


class RunScheduling(LoadScopeScheduling):
    """Hand out tests run by run: two workers would wait for each other's training of one run."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rsplit("[", 1)[-1]
