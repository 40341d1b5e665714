"""``fwdoctor migrate`` as it is typed: pipes, patterns, questions."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fwdoctor.cli import run

OLD = "from training.recipes.sft_loop import Config\nfrom training.utils import InfraConfig\nc = Config(log_path='l', infra=InfraConfig())\n"
NEW = OLD.replace("infra=", "trainer=").replace("InfraConfig", "TrainerConfig")


class _Binary(io.TextIOWrapper):
    """A stream with a buffer, as the standard ones are."""


def through(monkeypatch: pytest.MonkeyPatch, data: bytes, *args: str) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error of ``fwdoctor migrate ... -``."""
    out, err = _Binary(io.BytesIO()), _Binary(io.BytesIO())
    monkeypatch.setattr(sys, "stdin", _Binary(io.BytesIO(data)))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    status = run(["migrate", "--target", "june", *args, "-"])
    out.flush()
    err.flush()
    return status, out.buffer.getvalue(), err.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "status", "expected", "said"),
    [
        (OLD.encode(), 0, NEW.encode(), "ported 1"),
        (OLD.replace("\n", "\r\n").encode(), 0, NEW.replace("\n", "\r\n").encode(), "ported 1"),
        (b"print('caf\xc3\xa9')\n", 0, b"print('caf\xc3\xa9')\n", "unchanged 1"),
        (b"", 0, b"", "unchanged 1"),
        (b"import training.utils\ndef half(:\n", 2, b"import training.utils\ndef half(:\n", "train.py"),
        (b"import training.utils\n\xff\n", 2, b"import training.utils\n\xff\n", "UTF-8"),
    ],
)
def test_a_pipe(
    monkeypatch: pytest.MonkeyPatch, data: bytes, status: int, expected: bytes, said: str
) -> None:
    found = through(monkeypatch, data, "--stdin-filename", "train.py")
    assert found[:2] == (status, expected)
    assert said in found[2]


def test_a_pipe_shows_a_diff(monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = through(monkeypatch, OLD.encode(), "--diff", "--stdin-filename", "src/train.py")
    assert status == 0
    assert b"+++ b/src/train.py" in out
    assert b"+c = Config(log_path='l', trainer=TrainerConfig())" in out
    assert through(monkeypatch, OLD.encode(), "--check")[0] == 1
    assert through(monkeypatch, NEW.encode(), "--check")[0] == 0


def test_a_pipe_goes_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "-", str(tmp_path)]) == 2
    assert "alone" in capsys.readouterr().err


def test_patterns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.py", "sub/deep/b.py", "sub/c.txt", "[odd].py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OLD)
    assert run(["migrate", "--target", "june", str(tmp_path / "**" / "*b.py")]) == 0
    assert (tmp_path / "sub/deep/b.py").read_text() == NEW
    assert (tmp_path / "a.py").read_text() == OLD
    assert run(["migrate", "--target", "june", str(tmp_path / "[odd].py")]) == 0, "it is there: no pattern"
    assert (tmp_path / "[odd].py").read_text() == NEW
    assert run(["migrate", "--target", "june", str(tmp_path / "*.pyx")]) == 2
    assert "no file matches" in capsys.readouterr().err


def test_nothing_to_do_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert run(["migrate", "--target", "june", str(tmp_path)]) == 0
    assert f"0 files contain Fireworks imports; looked at 1 .py under {tmp_path}" in capsys.readouterr().out


@pytest.mark.parametrize("other", ["--diff", "--check"])
def test_interactive_does_not_go_with_looking(other: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "--interactive", other, "."]) == 2
    assert "--interactive" in capsys.readouterr().err


def test_interactive_needs_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(["migrate", "--interactive", "."]) == 2
    assert "terminal" in capsys.readouterr().err


def _on_a_terminal(arguments: list[str], keys: list[bytes]) -> tuple[int, str]:
    """Run the program on a terminal and type a line at each question."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fwdoctor", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(slave)
    seen, deadline = b"", time.monotonic() + 60
    interrupting = False
    while time.monotonic() < deadline:
        # Between the prompt and the reading, Python keeps a signal for later: people press the key again.
        if interrupting and not select.select([master], [], [], 1)[0]:
            process.send_signal(signal.SIGINT)
        if select.select([master], [], [], 0.05)[0]:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            seen += piece
            if seen.rstrip().endswith(b"[y,n,s,a,q,?]") and keys:
                key = keys.pop(0)
                if key == b"\x03":  # it is not the terminal of the process: nobody turns this into a signal
                    process.send_signal(signal.SIGINT)
                    interrupting = True
                else:
                    os.write(master, key)
                seen += b"<answered>"  # or what comes late of this question would pass for the next
    os.close(master)
    return process.wait(10), seen.decode()


@pytest.mark.parametrize(
    ("keys", "ported"),
    [
        ([b"y\n", b"n\n", b"y\n"], "ac"),
        ([b"?\n", b"s\n", b"\n", b"a\n"], "abc"),
        ([b"n\n", b"q\n"], ""),
        ([b"y\n", b"\x04"], "a"),
        ([b"y\n", b"\x03"], "a"),
    ],
    ids=["yes, no, yes", "help, what is left, yes, all", "no, quit", "Ctrl-D", "Ctrl-C"],
)
def test_questions(tmp_path: Path, keys: list[bytes], ported: str) -> None:
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(OLD)
    status, seen = _on_a_terminal(["migrate", "--target", "june", "-i", str(tmp_path)], list(keys))
    assert {p.stem for p in tmp_path.iterdir() if p.read_text() == NEW} == set(ported), seen
    assert status in (0, 130), seen
    assert "+c = Config" in seen


def test_ignored_findings_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text("import training.utils as u\nu.setup_infra()  # fwdoctor: ignore[FWD107] dead code\n")
    assert run(["migrate", "--target", "june", str(path)]) == 0
    assert "1 finding is ignored by comments" in capsys.readouterr().out
    run(["migrate", "--target", "june", "-v", str(path)])
    assert f"{path}:2:1 FWD107: dead code" in capsys.readouterr().out


LEFT = f"from training.utils import validate_streaming_config\n{OLD}"


def test_a_second_run_says_that_there_is_nothing_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.py"
    path.write_text(LEFT)
    command = ["migrate", "--target", "june", str(path)]
    assert run([*command, "--diff"]) == 1
    assert "nothing to write" not in capsys.readouterr().out
    assert run(command) == 1
    first = capsys.readouterr().out
    assert "partial 1" in first
    assert "nothing to write" not in first
    ported = path.read_bytes()
    (tmp_path / "notes.txt").write_text("training.utils")  # skipped, and nothing that was to be written
    for options in ([str(tmp_path / "notes.txt")], ["--diff"], ["--check"]):
        run([*command, *options])
        told = capsys.readouterr().out.splitlines()[-1]
        assert told.startswith("ported 0 · partial 1 · ")
        assert " · nothing to write · " in told
    assert path.read_bytes() == ported


def test_files_that_were_not_written_are_not_nothing_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.py"
    path.write_text(LEFT)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert run(["migrate", "--target", "june", str(path)]) == 2
    both = capsys.readouterr()
    assert "nothing was written" in both.err
    assert "nothing to write" not in both.out


@pytest.mark.parametrize(
    ("files", "options", "told"),
    [
        ({"a.py": OLD}, [], "a.py is in no git repository"),
        ({"a.py": OLD, "b.py": OLD, "c.py": NEW}, [], "2 of the files that were written are in no git"),
        ({"a.py": OLD, "repository/b.py": OLD}, [], "a.py is in no git repository"),
        ({"repository/b.py": OLD}, [], None),
        ({"a.py": NEW}, [], None),
        ({"a.py": OLD}, ["--quiet"], None),
        ({"a.py": OLD}, ["--diff"], None),
        ({"a.py": OLD}, ["--check"], None),
    ],
)
def test_files_that_nobody_keeps_are_told_when_they_are_written(
    files: dict[str, str],
    options: list[str],
    told: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "repository")], check=True)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    run(["migrate", "--target", "june", "--allow-dirty", *options, str(tmp_path)])
    both = capsys.readouterr()
    assert "no git" not in both.out
    assert both.err.count("no git repository") == (told is not None)
    assert told is None or told in both.err


def test_the_standard_input_is_in_no_repository_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no git" not in through(monkeypatch, OLD.encode())[2]


def test_findings_in_code_for_several_versions_are_no_comments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.py"
    path.write_text("import training.utils as u\nif hasattr(u, 'TrainerConfig'):\n    u.setup_infra()\n")
    assert run(["migrate", "--target", "june", "-v", str(path)]) == 0
    told = capsys.readouterr().out
    assert "ignored by comments" not in told
    assert "1 finding is left: the code is written for several versions, or expected to fail" in told
    assert f"{path}:3:5 FWD107" in told
