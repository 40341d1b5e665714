"""What the tests of explain share: the classes that a text shows."""

from collections.abc import Callable

import pytest

from fwdoctor.explain.inputs import Piece
from fwdoctor.explain.run import Explained, explain

Look = Callable[[str | bytes], Explained]


@pytest.fixture
def look() -> Look:
    """Explains a text."""

    def run(text: str | bytes) -> Explained:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return explain([iter([Piece("log", iter([data]))])])

    return run


@pytest.fixture
def names(look: Look) -> Callable[[str | bytes], list[str]]:
    """The classes that a text shows."""
    return lambda text: [f.name for f in look(text).findings]
