"""Find the answer in a response to a procedural problem. Model output is untrusted text."""

import re

#: Longer responses are wrong without being read: no solution comes near this length.
MAX_RESPONSE_CHARS = 4096

# Anchored at the end and without nested repetition: linear in the length of the response.
_FINAL_ANSWER = re.compile(r"#([0-9]{1,16}(?:,[0-9]{1,16}){0,7})[ \n]*\Z")
# Hyphen, minus sign and the dashes that stand for it.
_MINUS = r"[-\u2212\u2010\u2011\u2013\ufe63\uff0d]"
# A sign stands before the number and behind no digit, or apart from it behind '=', ':' or '('.
_SIGN = rf"(?:(?<![0-9]){_MINUS}|(?<=[=:(]){_MINUS} |(?<=[=:(] ){_MINUS} )"
_THOUSANDS = r"[0-9]{1,3}(?:,[0-9]{3})++(?![0-9,])(?:\.[0-9]++)?"
_PLAIN = rf"(?:{_THOUSANDS}|[0-9]++(?:\.[0-9]++)?|\.[0-9]++)"
# 1/5, 2^5, 1e5, 1:5 and 1,5 are one number, or none: their last digits are no number.
_NUMBER = re.compile(
    rf"(?P<sign>{_SIGN})?(?P<number>{_PLAIN}(?:(?:[/^:,.]|\*\*|[eE][+-]?){_PLAIN})*+)"
)


def final_number(response: str) -> str | None:
    """The digits behind the ``#`` that ends the response; None where it does not end so."""
    found = _FINAL_ANSWER.search(response)
    return None if found is None else found.group(1)


def last_number(response: str) -> str | None:
    """The last number of a response, without separators of thousands or a full stop behind it.

    A sign counts where no digit stands before it: ``20-5`` ends in 5. What is written with a
    fraction bar, an exponent or a comma of decimals is returned as it stands: ``1/5`` does not end
    in 5. A model that answers in a sentence is right as well as one that gives the number alone.
    """
    found = None
    for found in _NUMBER.finditer(response):  # noqa: B007  (the last one is what is asked for)
        pass
    if found is None:
        return None
    number = found["number"]
    if re.fullmatch(_THOUSANDS, number):
        number = number.replace(",", "")
    return ("-" if found["sign"] else "") + number


def is_correct(response: str, answer: str) -> bool:
    """Whether the response ends in ``#answer``, exactly: no leading zeros, nothing behind it."""
    return len(response) <= MAX_RESPONSE_CHARS and final_number(response) == answer
