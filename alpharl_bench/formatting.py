"""Sizes, times and others' text as people read them."""

_UNITS = ("B", "KB", "MB", "GB", "TB")


def size_text(size: float) -> str:
    """Bytes as ``64.1 MB``, in powers of 1000."""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} {_UNITS[-1]}"


def time_text(seconds: float) -> str:
    """Seconds as ``5 min 44 s`` or ``2 h 5 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def rough_time_text(seconds: float) -> str:
    """Seconds that were estimated, as ``40 s``, ``3 min`` or ``2 h 5 min``."""
    tens, minutes = round(seconds / 10), round(seconds / 60)
    if tens < 6:
        return f"{10 * max(1, tens)} s"
    return f"{minutes} min" if minutes < 60 else time_text(60 * minutes)


def one_line(text: object) -> str:
    r"""Text as it is safe in a terminal: all that is no visible character is shown as its escape.

    Names of files, tensors and runs may hold escape sequences, line breaks, what turns the
    direction of text (UAX #9), and bytes that are no UTF-8: ``\x1b``, ``\n``, ``\u202e``,
    ``\udcff``. Python's ``str.isprintable`` tells.
    """
    shown = str(text)
    return shown if shown.isprintable() else "".join(map(_visible, shown))


def lines(text: str) -> str:
    """Text of several lines, each as :func:`one_line` shows it."""
    return "\n".join(map(one_line, text.split("\n")))


def shortened(text: object, characters: int) -> str:
    """The beginning of a text that is too long to be shown."""
    shown = str(text)
    return shown if len(shown) <= characters else f"{shown[:characters]}…"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
