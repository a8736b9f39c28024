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
    with handlers_kept():
        if _is_main_thread():
            for one in _ENDING:
                if signal.getsignal(one) == signal.SIG_DFL:
                    signal.signal(one, signal.default_int_handler)
        yield


@contextmanager
def handlers_kept() -> Iterator[None]:
    """After the block these signals are handled as before it, whatever a library did in it."""
    before = {one: signal.getsignal(one) for one in _ENDING}
    try:
        yield
    finally:
        if _is_main_thread():
            for one, handler in before.items():
                signal.signal(one, handler)


def _is_main_thread() -> bool:
    # No other may set a handler.
    return threading.current_thread() is threading.main_thread()
