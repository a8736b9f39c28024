"""Stand-ins for ``compare`` that fail in a worker, as a file that is there or not tells them."""

import os
import signal
import time
from pathlib import Path

from alpharl_bench.grading.maths import Comparison


def killed_once(gold: str, answer: str) -> Comparison:
    """Die the first time that the file ``gold`` is not there."""
    if not Path(gold).exists():
        Path(gold).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Comparison(right=True, form=answer)


def killed_always(gold: str, answer: str) -> Comparison:
    """Die after leaving a character in the file ``gold``, or in none where it is 'kept'."""
    if gold != "kept":
        with Path(gold).open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return Comparison(right=True, form=answer)


def greedy(gold: str, answer: str) -> Comparison:
    """Ask for as many bytes as ``gold`` says."""
    return Comparison(right=len(bytearray(int(gold))) > 0, form=answer)


def recursive(gold: str, answer: str) -> Comparison:
    """Call itself for ever."""
    return recursive(gold, answer)


def busy(gold: str, answer: str) -> Comparison:
    """Compute for ever, after leaving a character in the file ``gold``."""
    with Path(gold).open("a") as file:
        file.write("x")
    while True:
        pass


def waiting(gold: str, answer: str) -> Comparison:
    """Wait as many seconds as ``gold`` says."""
    time.sleep(float(gold))
    return Comparison(right=True, form=answer)
