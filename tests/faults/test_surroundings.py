"""Every command where something is wrong around it: streams, locale, terminal, home, folder, open files.

Whatever is wrong: the job is done, or one line says why not; never a traceback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fwdoctor.cli import group
from tests.faults.running import CASES, NEW, Case, environment, essential, fwdoctor, project, shell, sound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
every_command = pytest.mark.parametrize("case", CASES, ids=str)
#: These talk over the streams that the others only print to.
SERVERS = ("lsp", "mcp")


def test_no_command_is_left_out() -> None:
    tried = {case.words[0] for case in CASES}
    assert tried >= set(group.list_commands(None))  # type: ignore[arg-type]


@every_command
def test_a_reader_that_goes_away_is_no_error(case: Case, tmp_path: Path) -> None:
    done = shell('"$@" 2>err; echo $? >status', *case.words, cwd=tmp_path, text=case.text)
    whole = int((tmp_path / "status").read_text())
    assert whole in case.statuses, (tmp_path / "err").read_text()
    # true has closed its end of the pipe before anything is printed.
    line = '{ "$@" 2>err; echo $? >status; } | true'
    done = shell(line, *case.words, cwd=tmp_path, text=case.text)
    done.stderr += (tmp_path / "err").read_text()
    sound(done)
    assert int((tmp_path / "status").read_text()) in {0, whole}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.words[0] not in (*SERVERS, "run", "probe", "resume")], ids=str
)
def test_an_output_that_is_full_is_told(case: Case, tmp_path: Path) -> None:
    done = shell('"$@" >/dev/full', *case.words, cwd=tmp_path, text=case.text)
    sound(done)
    assert done.returncode == 2
    assert "No space left" in done.stderr


@every_command
@pytest.mark.parametrize("closed", ["<&-", ">&- 2>&-"])
def test_streams_that_are_closed(case: Case, closed: str, tmp_path: Path) -> None:
    done = shell(f'"$@" {closed}', *case.words, cwd=tmp_path, text=case.text)
    sound(done)
    assert done.returncode in {*case.statuses, 0, 2}, done.stderr


@every_command
@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TERM": "dumb", "COLUMNS": "1", "LINES": "many", "FORCE_COLOR": "1", "HOME": "/no/such/folder"},
    ],
    ids=["nothing", "odd"],
)
def test_neither_home_nor_locale_nor_terminal_matter(
    case: Case, environ: dict[str, str], tmp_path: Path
) -> None:
    done = shell('"$@"', *case.words, cwd=tmp_path, text=case.text, environ=essential() | environ)
    sound(done)
    assert done.returncode in case.statuses
    assert "\x1b" not in done.stdout


@every_command
def test_a_folder_that_is_gone(case: Case, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = shell('rmdir "$PWD" && "$@"', *case.words, cwd=gone, text=case.text)
    sound(done)
    if done.returncode not in case.statuses:
        assert done.returncode == 2
        assert "the folder that you are in" in done.stderr


@every_command
def test_few_open_files(case: Case, tmp_path: Path) -> None:
    done = shell('ulimit -n 64; "$@"', *case.words, cwd=tmp_path, text=case.text)
    sound(done)
    assert done.returncode in case.statuses


def test_thousands_of_files_with_few_open_ones(tmp_path: Path) -> None:
    paths = project(tmp_path, *(f"p{n % 7}/m{n}.py" for n in range(40)))
    for number in range(3000):
        (tmp_path / f"p{number % 7}" / f"other{number}.py").write_text("x = 1\n")
    words = ["migrate", "--target", "june", "--jobs", "4", "--quiet", "."]
    done = shell('ulimit -n 64; "$@"', *words, cwd=tmp_path)
    sound(done)
    assert done.returncode == 0, done.stderr
    assert {p.read_text("utf-8") for p in paths} == {NEW}


@pytest.mark.parametrize(
    "environ", [{}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_letters_beyond_ascii_survive_any_locale(
    environ: dict[str, str], encoding: str, tmp_path: Path
) -> None:
    (path,) = project(tmp_path, "straße/größe.py")
    head = "" if encoding == "utf-8" else f"# coding: {encoding}\n"
    path.write_bytes((head + path.read_text("utf-8")).encode(encoding))
    for look in (["--diff"], []):
        words = ["migrate", *look, "--target", "june", str(tmp_path)]
        sound(shell('"$@"', *words, cwd=tmp_path, environ=essential() | environ))
    assert path.read_bytes() == (head + NEW).encode(encoding)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read any folder")
def test_a_folder_that_must_not_be_read(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    hidden.chmod(0o100)
    done = subprocess.run(
        fwdoctor("lint", "--target", "latest", "."),
        cwd=hidden,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    hidden.chmod(0o700)
    sound(done)
    assert done.returncode == 2
    assert "Path '.' is not readable" in done.stderr
