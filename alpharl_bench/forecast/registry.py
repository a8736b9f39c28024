"""Which forecasters there are: those of this package, and those of installed distributions."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TypeGuard

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import methods as package
from alpharl_bench.forecast.forecaster import Forecaster
from alpharl_bench.forecast.method import Method, declared
from alpharl_bench.registry import unknown

#: The group of entry points by which a distribution adds forecasters; each names a class.
GROUP = "alpharl_bench.forecasters"


@cache
def all_methods() -> Mapping[str, Method]:
    """Every method by its name: this package's by file, then others' by distribution.

    Raises:
        AlphaRLBenchError: the forecaster of a distribution cannot be loaded, was not declared, or
            has a name that is taken.
    """
    found: dict[str, Method] = {}
    origins: dict[str, str] = {}
    for origin, method in [*_own(), *_installed()]:
        if method.name in found:
            raise AlphaRLBenchError(
                f"{origin}: the forecast method '{method.name}' is there already, from "
                f"{origins[method.name]}; rename or uninstall one of them"
            )
        found[method.name], origins[method.name] = method, origin
    return MappingProxyType(found)


def method_named(name: str) -> Method:
    """A method by its name.

    Raises:
        AlphaRLBenchError: there is none; or as :func:`all_methods`.
    """
    known = all_methods()
    if name not in known:
        raise AlphaRLBenchError(unknown("method", name, known))
    return known[name]


def title_of(name: str) -> str:
    """What reports call a method; its name where a stored report's method is not installed here."""
    known = all_methods()
    return known[name].title if name in known else name


def _own() -> Iterator[tuple[str, Method]]:
    for info in iter_modules(package.__path__, f"{package.__name__}."):
        for value in vars(import_module(info.name)).values():
            if _is_forecaster(value) and value.__module__ == info.name:
                yield from ((info.name, method) for method in declared(value))


def _is_forecaster(value: object) -> TypeGuard[type[Forecaster]]:
    return isinstance(value, type) and issubclass(value, Forecaster)


def _installed() -> Iterator[tuple[str, Method]]:
    for point in sorted(entry_points(group=GROUP), key=_origin):
        yield from ((_origin(point), method) for method in _declared_at(point))


def _origin(point: EntryPoint) -> str:
    distribution = point.dist.name if point.dist else "?"
    return f"distribution '{distribution}', entry point '{point.name}' ({GROUP})"


def _declared_at(point: EntryPoint) -> Sequence[Method]:
    try:
        cls = point.load()
    except Exception as error:
        raise AlphaRLBenchError(
            f"{_origin(point)}: cannot load {point.value}: {type(error).__name__}: "
            f"{' '.join(str(error).split())}; repair or uninstall it"
        ) from error
    methods = declared(cls) if _is_forecaster(cls) else ()
    if not methods:
        raise AlphaRLBenchError(
            f"{_origin(point)}: {point.value} is not a Forecaster declared by @forecast_method; "
            "declare it or uninstall the distribution"
        )
    return methods
