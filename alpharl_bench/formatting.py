"""Sizes and times as people read them."""

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
