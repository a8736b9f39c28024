"""What other distributions add: objects at entry points, loaded when first asked for."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from alpharl_bench.errors import AlphaRLBenchError

T = TypeVar("T")


def extensions(group: str, kind: type[T]) -> dict[str, T]:
    """The objects that installed distributions name in a group, by the names of the entry points.

    Args:
        group: the group of entry points, for example ``alpharl_bench.tables``.
        kind: the class that each must be an instance of.

    Raises:
        AlphaRLBenchError: one cannot be loaded, is something else, or two have one name.
    """
    found: dict[str, T] = {}
    for point in entry_points(group=group):
        if point.name in found:
            raise AlphaRLBenchError(
                f"{_where(point)}: another installed distribution has a '{point.name}' too; "
                "uninstall one of them"
            )
        loaded = _load(point)
        if not isinstance(loaded, kind):
            raise AlphaRLBenchError(
                f"{_where(point)}: is a {type(loaded).__name__}, and has to be a {kind.__name__}; "
                "correct it, or uninstall the distribution"
            )
        found[point.name] = loaded
    return found


@cache
def _load(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        raise AlphaRLBenchError(
            f"{_where(point)}: cannot be loaded ({type(error).__name__}: {error}); correct it, or "
            "uninstall the distribution"
        ) from error


def _where(point: EntryPoint) -> str:
    distribution = point.dist.name if point.dist else "unknown distribution"
    return f"distribution '{distribution}', entry point {point.group}: {point.name} = {point.value}"
