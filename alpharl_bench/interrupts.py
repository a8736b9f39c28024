"""Signals that end a process are interrupts, as Ctrl-C is: what there is, is put in order first."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: Of a scheduler, `kill` or `timeout`; and of a terminal that was closed.
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """In the block these signals raise ``KeyboardInterrupt`` in the main thread.

    One that is ignored, as by ``nohup``, or handled by others stays as it is.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        ours = [one for one in _ENDING if signal.getsignal(one) == signal.SIG_DFL]
        before = {one: signal.signal(one, signal.default_int_handler) for one in ours}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
