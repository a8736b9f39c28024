"""What this package raises for mistakes that a user can put right."""


class AlphaRLBenchError(Exception):
    """A mistake in an option, a file or a checkpoint.

    The message is one line: what is wrong, in which file or option, and what to do. The command
    line and pytest print it without a traceback.
    """
