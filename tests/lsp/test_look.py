"""A text that lies in no file is looked at as the file would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwdoctor.fit.target import resolve
from fwdoctor.lint.session import Selection, Session
from fwdoctor.lsp.look import look, mended, silenced, source_of
from fwdoctor.lsp.projects import Project
from fwdoctor.settings import Settings
from fwdoctor.source.text import UnreadableSource

OLD = "from training.utils import InfraConfig\n\nprint(InfraConfig())\n"


def project(settings: Settings | None = None) -> Project:
    return Project(settings or Settings(), Session(resolve("latest"), Selection()))


@pytest.mark.parametrize(
    ("text", "encoding", "data"),
    [
        ("x = 'é'\n", "utf-8", "x = 'é'\n".encode()),
        ("# -*- coding: latin-1 -*-\nx = 'é'\n", "iso-8859-1", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"),
        ("\r# coding: cp1252\rx = 'é'\r", "cp1252", b"\r# coding: cp1252\rx = '\xe9'\r"),
        ("\ufeffx = 1\r\n", "utf-8", b"\xef\xbb\xbfx = 1\r\n"),
        ("", "utf-8", b""),
    ],
)
def test_a_text_becomes_what_it_would_be_saved_as(text: str, encoding: str, data: bytes) -> None:
    source = source_of("a.py", text)
    assert (source.encoding, source.data) == (encoding, data)
    assert source.text == text.removeprefix("\ufeff")
    assert source.encode(source.text) == data


@pytest.mark.parametrize(
    "text", ["# coding: latin-1\nx = '中'\n", "# coding: nonsense\n", "x = '\ud800'\n", "\0"]
)
def test_what_cannot_be_saved_cannot_be_looked_at(text: str) -> None:
    with pytest.raises(UnreadableSource):
        source_of("a.py", text)


@pytest.mark.parametrize(
    ("text", "found", "problem"),
    [
        (OLD, ["FWD101", "FWD101"], False),
        (OLD.replace("\n", "\r\n"), ["FWD101", "FWD101"], False),
        ("\ufeff" + OLD, ["FWD101", "FWD101"], False),
        ("# coding: latin-1\n# é\n" + OLD, ["FWD101", "FWD101"], False),
        (OLD + "print(", [], True),
        (OLD + "\0", [], True),
        (OLD + "x = '\ud800'\n", [], True),
        (OLD + "(" * 5000 + ")" * 5000, [], True),
        ("print(", [], False),  # not ours, and not our business
        ("import os\n", [], False),
        ("", [], False),
    ],
)
def test_what_is_found(text: str, found: list[str], problem: bool) -> None:
    looked = look(project(), "/nowhere/a.py", text)
    assert [f.finding.rule for f in looked.found] == found
    assert (looked.problem is not None) is problem


def test_excluded_files_give_nothing(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path, exclude=("old",))
    assert look(project(settings), str(tmp_path / "old" / "a.py"), OLD).found == ()
    assert len(look(project(settings), str(tmp_path / "new" / "a.py"), OLD).found) == 2


def test_what_is_mended_keeps_the_mark_and_the_line_ends() -> None:
    text = "\ufeff" + OLD.replace("\n", "\r\n")
    looked = look(project(), "/nowhere/a.py", text)
    new, problem = mended(looked)
    assert problem is None
    assert new == text.replace("InfraConfig", "TrainerConfig")
    quiet = silenced(looked, looked.found[0])
    assert quiet == text.replace("import InfraConfig", "import InfraConfig  # noqa: FWD101")


def test_a_comment_stands_behind_the_last_line() -> None:
    looked = look(
        project(),
        "/nowhere/a.py",
        "from training.utils import \\\n    InfraConfig\nInfraConfig(region='''\n''')\n",
    )
    quiet = [silenced(looked, f) for f in looked.found]
    assert quiet == [
        "from training.utils import \\\n    InfraConfig  # noqa: FWD101\nInfraConfig(region='''\n''')\n",
        "from training.utils import \\\n    InfraConfig\nInfraConfig(region='''\n''')  # noqa: FWD101\n",
    ]
