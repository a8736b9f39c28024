"""What a paper's package says of its report, in modules that are loaded when a report is made."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from alpharl_bench.claims.paper import Paper
from alpharl_bench.errors import AlphaRLBenchError


def of_paper(paper: Paper, module: str, name: str, default: Any) -> Any:
    """A value of a module of a paper's package.

    Args:
        paper: of this distribution or another.
        module: its name within the package.
        name: of the value in the module.
        default: what there is where the package has no such module.

    Raises:
        AlphaRLBenchError: the module cannot be loaded, or has no such value.
    """
    full = f"{paper.package}.{module}"
    if find_spec(full) is None:
        return default
    try:
        return getattr(import_module(full), name)
    except Exception as error:
        raise AlphaRLBenchError(
            f"paper {paper.arxiv}: {name} of {full} cannot be loaded "
            f"({type(error).__name__}: {error}); correct it"
        ) from error
