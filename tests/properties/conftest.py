"""What the properties share: nothing that goes wrong inside is turned into a message."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def surprises_are_raised() -> Iterator[None]:
    """An internal error is told in one line to users; here it has to come out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FWDOCTOR_DEBUG", "1")
        yield
