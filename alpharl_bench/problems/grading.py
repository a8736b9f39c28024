"""Grade a response to an arithmetic problem. Model output is untrusted text."""

import re

#: Longer responses are wrong without being read: no solution comes near this length.
MAX_RESPONSE_CHARS = 4096

# Anchored at the end and without nested repetition: linear in the length of the response.
_FINAL_ANSWER = re.compile(r"#([0-9]{1,16})[ \n]*\Z")


def final_number(response: str) -> str | None:
    """The digits behind the ``#`` that ends the response; None where it does not end so."""
    found = _FINAL_ANSWER.search(response)
    return None if found is None else found.group(1)


def is_correct(response: str, answer: str) -> bool:
    """Whether the response ends in ``#answer``, exactly: no leading zeros, nothing behind it."""
    return len(response) <= MAX_RESPONSE_CHARS and final_number(response) == answer
