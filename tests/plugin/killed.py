"""A plugin for sessions of tests, ``-p tests.plugin.killed``: it ends as by ``kill -9``.

That is at whatever the session does when its cache holds three scores. Its graders die with it.
"""

import os
import signal
import time
from pathlib import Path
from threading import Thread


def _kill() -> None:
    scores = Path(os.environ["ALPHARL_BENCH_CACHE"], "scores")
    while len(list(scores.glob("*/*.json"))) < 3:
        time.sleep(0.02)
    os.killpg(0, signal.SIGKILL)


# A group of its own: the test itself goes on.
os.setpgid(0, 0)
Thread(target=_kill, daemon=True).start()
