"""What a child of :mod:`benchmarks.executor` does: RUN BASE VARIANTS WORKERS."""

import hashlib
import json
import sys
import time
from contextlib import closing

from alpharl_bench.bench import Bench, Options
from alpharl_bench.executor import LOCAL, Executor
from alpharl_bench.runs.spec import spec_of_path
from alpharl_bench.scoring import Sampling
from alpharl_bench.spectral import prepare
from alpharl_bench.variants import BASE, FULL, rank


def _executor(workers: int) -> Executor:
    if not workers:
        return LOCAL
    # It takes a second to import, which the local way has no use for.
    from alpharl_bench.executor.cluster import RayExecutor  # noqa: PLC0415

    return RayExecutor("local")


def main(run: str, base: str, variants: str, workers: str) -> None:
    """Print the seconds of every part, and a digest of the scores."""
    times = [time.perf_counter()]

    def lap() -> float:
        times.append(time.perf_counter())
        return times[-1] - times[-2]

    with closing(_executor(int(workers))) as executor:
        taken = {"start": lap()}
        bench = Bench(spec_of_path(run, base, None), Options(Sampling()), executor)
        # Every worker loads the base and the questions: two units, two workers at most.
        bench.scores({BASE: 1, FULL: 1})
        taken["load, score two"] = lap()
        steps = bench.opened.run.steps
        if executor.parallel:
            bench.decompose([rank(1, step=step) for step in steps])
        else:
            prepare([bench.updates.factors(step) for step in steps], lambda _: 1)
        taken["decompose"] = lap()
        scores = bench.scores({rank(k): 1 for k in range(1, int(variants) + 1)})
        taken["score"] = lap()
        bench.close()
    digest = hashlib.sha256("".join(s.model_dump_json() for s in scores.values()).encode())
    sys.stdout.write(json.dumps(taken | {"digest": digest.hexdigest()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
