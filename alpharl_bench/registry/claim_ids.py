"""Ids of claims as they are stored: qualified by the paper that the claim is of."""

from typing import Annotated

from pydantic import AfterValidator

#: The paper whose claims the files name by short ids: sessions that were stored before there were
#: claims of other papers, and this package's runs.
HOME_PAPER = "2510.00553"


def qualified(claim: str) -> str:
    """The id with its paper: ``2510.00553:P1.1`` of ``P1.1`` too, which is the home paper's."""
    return claim if ":" in claim else f"{HOME_PAPER}:{claim}"


#: The key of a claim in a file; a short id is read as the home paper's.
ClaimId = Annotated[str, AfterValidator(qualified)]
