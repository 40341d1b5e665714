"""Makes what a log says fit to be shown: as data, cut, and without what terminals and readers obey.

Whoever writes into a log must not be able to write on the user's terminal, to hide text from a person, or to
pass text off as a part of what fwdoctor itself says.
"""

from __future__ import annotations

import re

#: Orders to terminals: colours and the like, titles and links.
_ORDERS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?")
#: What is left of them, and characters that are not seen, or turn the direction of those that are.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_WIDTH = 160


def visible(text: str) -> str:
    """The text without orders to terminals; each character that is not seen becomes ``\ufffd``."""
    return _UNSEEN.sub("\ufffd", _ORDERS.sub("", text))


def quoted(value: str) -> str:
    """A value of several words as a short quotation; a single word needs no quotes."""
    if not re.search(r"\s", value):
        return value
    cut = value if len(value) <= _WIDTH else value[:_WIDTH] + " …"
    return '"' + cut.replace('"', "'") + '"'
