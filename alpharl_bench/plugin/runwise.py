"""How xdist hands out tests: all claims of a run go to one worker, if there are runs enough."""

from functools import cached_property

from xdist.scheduler import LoadScopeScheduling


class RunScheduling(LoadScopeScheduling):
    """Hand out tests run by run: two workers would wait for each other's training of one run.

    Where there are fewer runs than workers, claim by claim: the workers share a run's scores, and
    none has nothing to do.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _run(nodeid) if len(self._runs) >= self.numnodes else nodeid

    @cached_property
    def _runs(self) -> set[str]:
        return {_run(nodeid) for nodeid in self.collection or ()}


def _run(nodeid: str) -> str:
    return nodeid.rsplit("[", 1)[-1]
