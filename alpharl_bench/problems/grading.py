"""Grade a response to an arithmetic problem. Model output is untrusted text."""

import re

#: Longer responses are wrong without being read: no solution comes near this length.
MAX_RESPONSE_CHARS = 4096

# Anchored at the end and without nested repetition: linear in the length of the response.
_FINAL_ANSWER = re.compile(r"#([0-9]{1,16})[ \n]*\Z")


def is_correct(response: str, answer: str) -> bool:
    """Whether the response ends in ``#answer``, exactly: no leading zeros, nothing behind it."""
    if len(response) > MAX_RESPONSE_CHARS:
        return False
    found = _FINAL_ANSWER.search(response)
    return found is not None and found.group(1) == answer
