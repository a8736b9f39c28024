"""Clusters of several hosts and of GPUs, as far as Ray can tell."""

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.interrupts import handlers_kept
from tests.executor.contexts import Counter, fail_on_first_host, fault, gpus, where
from tests.processes import ROOT


@pytest.fixture
def executor_of(monkeypatch):
    """Opens an executor on a cluster of hosts with these resources each, one after the other."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415  (importing Ray takes a second)

    from alpharl_bench.executor.cluster import RayExecutor  # noqa: PLC0415

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    opened = []

    def on(hosts, gpus_each=1):
        first, *others = hosts
        # Ray's hosts leave a handler of SIGTERM in this process, which other tests share.
        with handlers_kept():
            cluster = Cluster(initialize_head=True, head_node_args=first)
            opened.append(cluster.shutdown)
            for other in others:
                cluster.add_node(**other)
        executor = RayExecutor(cluster.address, gpus_each)
        opened.append(executor.close)
        executor.cluster = cluster
        return executor

    yield on
    for close in reversed(opened):
        close()


def test_what_fails_on_one_host_is_done_on_another_and_one_that_joins_is_used(
    executor_of, tmp_path
):
    executor = executor_of([{"num_cpus": 1, "num_gpus": 0}] * 2)
    found = dict(
        result for _, result in executor.results(Counter(tmp_path), fail_on_first_host, range(4))
    )
    assert sorted(found) == [0, 1, 2, 3]
    first, second = (tmp_path / "tried-1").read_text().splitlines()
    assert first != second == found[1]
    # What fails everywhere is an error, here and there the same one.
    with pytest.raises(ZeroDivisionError):
        list(executor.results(Counter(tmp_path), fault, range(4)))

    results = executor.results(Counter(tmp_path), where, range(400))
    hosts = {next(results)[1]}
    with handlers_kept():
        executor.cluster.add_node(num_cpus=1, num_gpus=0)
    for _, host in results:
        hosts.add(host)
        if len(hosts) == 3:
            break
    results.close()
    assert len(hosts) == 3


def test_a_worker_has_as_many_gpus_of_one_host_as_share_a_model(executor_of, tmp_path):
    executor = executor_of([{"num_cpus": 5, "num_gpus": 3}, {"num_cpus": 5, "num_gpus": 2}], 2)
    seen = {found for _, found in executor.results(Counter(tmp_path), gpus, range(40))}
    # One worker on each host, and one GPU is left over.
    assert len(executor._hosts) + len(executor._starting) == 2
    assert {len(both.split(",")) for both in seen} == {2}


def test_more_gpus_than_a_host_has_are_refused(executor_of):
    with pytest.raises(AlphaRLBenchError, match=r"--tensor-parallel 3: no host .* has 3 GPUs"):
        executor_of([{"num_cpus": 2, "num_gpus": 2}] * 2, 3)
