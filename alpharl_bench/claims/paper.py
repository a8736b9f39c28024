"""What a paper is made of."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from alpharl_bench.claims import Claim


@dataclass(frozen=True)
class Paper:
    """A paper whose claims are judged.

    ``arxiv`` is its id, as ``2510.00553``; ``claims`` are its claims in their order. ``package`` is
    the name of the Python package that holds the rest: the folders ``tables`` and ``statements``
    have what was printed (:mod:`alpharl_bench.printed`), and the module ``chapters`` has
    ``CHAPTERS``, the order of the report. Each of these may be missing. ``suites`` is
    the Python package whose tests judge the claims; empty where the suites of this distribution do.
    ``column`` is the title
    of the columns with what it printed, ``caveat`` what a reader must know of these numbers.
    """

    arxiv: str
    title: str
    claims: tuple[Claim, ...]
    package: str
    suites: str = ""
    column: str = "paper"
    caveat: str = ""

    def __str__(self) -> str:
        """As it is cited in Markdown."""
        return f"*{self.title}* (arXiv {self.arxiv})"

    @property
    def folder(self) -> Path:
        """The folder that holds ``tables`` and ``statements``."""
        return Path(str(files(self.package)))
