"""Find the answer in a response to a procedural problem. Model output is untrusted text."""

import re

#: Longer responses are wrong without being read: no solution comes near this length.
MAX_RESPONSE_CHARS = 4096

# Anchored at the end and without nested repetition: linear in the length of the response.
_FINAL_ANSWER = re.compile(r"#([0-9]{1,16})[ \n]*\Z")
# A group of digits with its sign and separators; what follows it is another group or none.
_NUMBER = re.compile(r"(?<![0-9])-?[0-9][0-9,.]{0,31}")


def final_number(response: str) -> str | None:
    """The digits behind the ``#`` that ends the response; None where it does not end so."""
    found = _FINAL_ANSWER.search(response)
    return None if found is None else found.group(1)


def last_number(response: str) -> str | None:
    """The last number of a response, without separators of thousands or a full stop behind it.

    A sign counts where no digit stands before it: ``20-5`` ends in 5. A model that answers in a
    sentence is right as well as one that gives the number alone.
    """
    found = _NUMBER.findall(response)
    return found[-1].rstrip(",.").replace(",", "") if found else None


def is_correct(response: str, answer: str) -> bool:
    """Whether the response ends in ``#answer``, exactly: no leading zeros, nothing behind it."""
    return len(response) <= MAX_RESPONSE_CHARS and final_number(response) == answer
