"""Whatever happens while something is written: the old content or the new, never half, and the next run works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.faults.running import (
    NEW,
    OLD,
    copy_of,
    environment,
    fwdoctor,
    left_behind,
    project,
    shell,
    sound,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, signals and limits")

#: Does a job again and again in forks, each of which is killed one line of ours later than the one before,
#: until one comes to its end. Printed is how many were killed.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path

FILES, job, check, prepare = None, None, None, None
{setup}

def killed_at(number):
    left = number
    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename.endswith(FILES):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
    return trace

number, status = 0, 1
while status != 0:
    number += 1
    prepare()
    child = os.fork()
    if child == 0:
        sys.settrace(killed_at(number))
        job()
        sys.settrace(None)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    check(status == 0)
    job()
    check(True)
print(number - 1)
"""

ONE_FILE = """
from fwdoctor.source.write import write_atomically
FILES = "source/write.py"
path, old, new = Path("a.py"), b"old" * 9000, b"new" * 8000
def prepare():
    path.write_bytes(old)
def job():
    if path.read_bytes() == old:
        write_atomically(path, new, expected=old)
def check(done):
    assert path.read_bytes() in ((new,) if done else (old, new))
"""

REPORT = """
from fwdoctor.source.write import put
FILES = "source/write.py"
path, old, new = Path("a.json"), b"old" * 9000, b"new" * 8000
def prepare():
    path.write_bytes(old)
def job():
    put(path, new)
def check(done):
    assert path.read_bytes() in ((new,) if done else (old, new))
"""

NEW_REPORT = """
from fwdoctor.source.write import put
FILES = "source/write.py"
path, new = Path("a.json"), b"new" * 8000
def prepare():
    path.unlink(missing_ok=True)
def job():
    put(path, new)
def check(done):
    assert path.read_bytes() == new if done else not path.exists() or path.read_bytes() == new
"""

MIGRATE = f"""
from fwdoctor.finding import FileOutcome, FileStatus
from fwdoctor.migrate import writing
FILES = ("migrate/writing.py", "source/write.py")
old, new = {OLD.encode()!r}, {NEW.encode()!r}
paths = [Path("a.py"), Path("b.py")]
def prepare():
    for path in paths:
        path.write_bytes(old)
def job():
    writing.write([
        writing.Result(FileOutcome(str(p), FileStatus.PORTED, changed=True), old=old, new=new)
        for p in paths if p.read_bytes() == old
    ], atomic=ATOMIC)
def check(done):
    for path in paths:
        assert path.read_bytes() in ((new,) if done else (old, new))
"""

SKILL = """
import json
from fwdoctor.skill import install, tree
from fwdoctor.skill.agents import Place, agents
FILES = "skill/install.py"
skill = tree.bundled()
place = Place(agents()[0], "project", Path("agent/skills/fireworks-doctor").absolute())
def prepare():
    shutil.rmtree("agent", ignore_errors=True)
    if THERE:
        install.install(place, skill)
        # As if a file had come since: an older copy that nobody changed.
        manifest = place.folder / tree.MANIFEST
        made = json.loads(manifest.read_text())
        name = sorted(set(made["files"]) - {"SKILL.md"})[0]
        (place.folder / name).unlink()
        del made["files"][name]
        manifest.write_text(json.dumps(made))
def job():
    install.install(place, skill)
def check(done):
    from fwdoctor.skill.copies import State, look
    state = look(place.folder, skill).state
    whole = (State.CURRENT,) if done else (State.CURRENT, State.OUTDATED, State.ABSENT)
    assert state in whole, state
"""


def killed(setup: str, folder: Path) -> int:
    """How many times the job was killed before it came to its end."""
    script = KILLED.replace("{setup}", textwrap.dedent(setup))
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout)


@pytest.mark.parametrize(
    ("setup", "least"),
    [
        (ONE_FILE, 30),
        (REPORT, 20),
        (NEW_REPORT, 15),
        (MIGRATE.replace("ATOMIC", "False"), 60),
        (MIGRATE.replace("ATOMIC", "True"), 60),
    ],
    ids=["a file", "a report", "a new report", "migrate", "migrate --atomic"],
)
def test_kill_9_at_any_step_leaves_the_old_or_the_new(setup: str, least: int, tmp_path: Path) -> None:
    assert killed(setup, tmp_path) > least


@pytest.mark.parametrize("there", [False, True], ids=["new", "update"])
def test_kill_9_at_any_step_leaves_a_whole_skill_or_none(there: bool, tmp_path: Path) -> None:
    assert killed(SKILL.replace("THERE", repr(there)), tmp_path) > 30


# --- a disk that is full -----------------------------------------------------------------------------


WRITING = [
    ["lint", "--fix", "--target", "june", "a.py"],
    ["lint", "--add-noqa", "--target", "june", "a.py"],
    ["lint", "--update-baseline", "--baseline", "new.json", "--target", "june", "a.py"],
    ["lint", "--target", "june", "-o", "report.txt", "a.py"],
    ["migrate", "--target", "june", "a.py"],
    ["migrate", "--target", "june", "--diff", "--report", "report.json", "a.py"],
    ["explain", "--support-bundle", "bundle.txt", "log.txt"],
    ["surface", "build", "--save", "surface.json", "training"],
    ["skill", "install", "--project", "--agent", "claude-code"],
]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_full_disk_leaves_everything_as_it_was(words: list[str], tmp_path: Path) -> None:
    """The limit on the size of files stands in for a disk that is full."""
    (path,) = project(tmp_path, "a.py")
    project(tmp_path, "training/utils/__init__.py", "training/recipes/rl_loop.py")
    (tmp_path / "log.txt").write_text("RuntimeError: Trainer job a-1 is archived\n")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = shell('ulimit -f 0; "$@"', *words, cwd=tmp_path)
    sound(done)
    assert done.returncode == 2, done.stdout
    assert "limit" in done.stderr or "too large" in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert not left_behind(tmp_path)
    again = shell('"$@"', *words, cwd=tmp_path)
    sound(again)
    assert again.returncode in (0, 1), again.stderr
    assert (path.read_bytes() != OLD.encode()) == (words[0] in ("lint", "migrate") and "-o" not in words) or (
        "--baseline" in words or "--report" in words
    )


# --- trees that must not be written to ---------------------------------------------------------------


@pytest.mark.parametrize("command", [["migrate"], ["lint", "--fix"], ["lint", "--add-noqa"]], ids=" ".join)
def test_read_only_files_are_told_and_left(command: list[str], tmp_path: Path) -> None:
    paths = project(tmp_path, "a.py", "locked.py")
    paths[1].chmod(0o444)
    done = shell('"$@"', *command, "--target", "june", ".", cwd=tmp_path)
    sound(done)
    assert done.returncode == 2
    assert "locked.py" in done.stderr
    assert "read-only" in done.stderr
    assert paths[0].read_text("utf-8") != OLD
    assert paths[1].read_text("utf-8") == OLD
    assert not left_behind(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write into any folder")
@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_read_only_folder_is_told_and_left(words: list[str], tmp_path: Path) -> None:
    project(tmp_path, "a.py", "training/utils/__init__.py", "training/recipes/rl_loop.py")
    (tmp_path / "log.txt").write_text("RuntimeError: Trainer job a-1 is archived\n")
    tmp_path.chmod(0o555)
    done = shell('"$@"', *words, cwd=tmp_path)
    tmp_path.chmod(0o755)
    sound(done)
    assert done.returncode == 2
    assert (tmp_path / "a.py").read_text("utf-8") == OLD
    assert not left_behind(tmp_path)


# --- signals, and processes that die -----------------------------------------------------------------


def alive(session: int) -> list[int]:
    """The processes of a session that still run; those that only wait to be counted do not."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, _, _, its = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(its) == session and state != "Z":
                found.append(int(folder.name))
    return found


def wait_for(condition: object, seconds: float = 20.0) -> None:
    """Wait until something is true."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def started(
    *words: str, cwd: Path, stdin: int = subprocess.DEVNULL, start_new_session: bool = False
) -> subprocess.Popen[bytes]:
    """fwdoctor in a process of its own, whose streams are pipes."""
    return subprocess.Popen(
        fwdoctor(*words),
        cwd=cwd,
        env=environment(),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=start_new_session,
    )


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_ends_a_port_ends_its_workers(number: signal.Signals, tmp_path: Path) -> None:
    paths = project(tmp_path, *(f"m{n}.py" for n in range(600)))
    process = started("migrate", "--target", "june", "--jobs", "2", ".", cwd=tmp_path, start_new_session=True)
    # Itself, the server that loads ahead, what cleans up behind it, and two workers.
    wait_for(lambda: len(alive(process.pid)) >= 5 or process.poll() is not None)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    wait_for(lambda: not alive(process.pid))
    if number is signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert (process.returncode, said.decode().strip()) == (130, "fwdoctor: interrupted")
    assert {p.read_text("utf-8") for p in paths} <= {OLD, NEW}
    assert not left_behind(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_that_are_killed_do_not_stop_a_port(tmp_path: Path) -> None:
    paths = project(tmp_path, *(f"m{n}.py" for n in range(150)))
    process = started(
        "migrate", "--target", "june", "--jobs", "2", "--quiet", ".", cwd=tmp_path, start_new_session=True
    )
    wait_for(lambda: len(alive(process.pid)) >= 5 or process.poll() is not None)
    for worker in sorted(alive(process.pid))[3:]:
        os.kill(worker, signal.SIGKILL)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert b"Traceback" not in said
    assert {p.read_text("utf-8") for p in paths} == {NEW}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "words", [["lint", "-"], ["migrate", "-"], ["explain", "-"], ["lsp"], ["mcp"]], ids=" ".join
)
def test_what_waits_for_input_can_be_ended(words: list[str], number: signal.Signals, tmp_path: Path) -> None:
    process = started(*words, cwd=tmp_path, stdin=subprocess.PIPE)
    try:
        assert process.stdin is not None
        process.stdin.write(b"x = 1\n")
        process.stdin.flush()
        time.sleep(0.3)
        # Before the command has begun, the signal ends Python itself.
        process.send_signal(number)
        assert process.wait(20) in (130, -number)
    finally:
        process.kill()
        assert b"Traceback" not in process.communicate()[1] or process.returncode == -number


DROPPED = """
import os, signal, time, weakref
from fwdoctor.__main__ import _end_in_order
_end_in_order()
class Thing: pass
def gone(_):
    os.kill(os.getpid(), signal.{name})
    time.sleep(0)
thing = Thing()
watch = weakref.ref(thing, gone)
try:
    del thing
    print("dropped", flush=True)
    time.sleep(20)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_to_end_that_python_drops_is_made_again(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DROPPED.format(name=name)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    assert (done.stdout, done.stderr) == ("dropped\nended\n", "")


# --- files that change meanwhile ---------------------------------------------------------------------


@pytest.mark.parametrize("what", ["changed", "deleted", "a folder now"])
@pytest.mark.parametrize("command", [["migrate"], ["lint", "--fix"]], ids=" ".join)
def test_a_file_that_changes_between_reading_and_writing(
    command: list[str], what: str, tmp_path: Path
) -> None:
    paths = project(tmp_path, "a.py", "b.py")
    script = f"""
import os, sys
from fwdoctor.cli import run
from fwdoctor.source import write
real = write.write_atomically
def meanwhile(path, new, *, expected):
    if str(path).endswith("a.py"):
        os.unlink(path)
        if {what!r} == "changed":
            open(path, "w").write("mine\\n")
        elif {what!r} == "a folder now":
            os.mkdir(path)
    real(path, new, expected=expected)
write.write_atomically = meanwhile
import fwdoctor.lint.session, fwdoctor.migrate.writing
sys.exit(run([*{command!r}, "--target", "june", "."]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    sound(done)
    assert done.returncode == 2, done.stdout
    assert "a.py" in done.stderr
    if what == "changed":
        assert paths[0].read_text() == "mine\n"
    assert paths[0].is_file() == (what == "changed")
    assert paths[1].read_text("utf-8") != OLD
    assert not left_behind(tmp_path)


def test_a_tree_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    """Files go while they are looked for and read: those that are left are looked at."""
    folder = copy_of("old_project", tmp_path)
    script = f"""
import os, shutil, sys
from fwdoctor.cli import run
from fwdoctor.source import sieve
real = sieve.read_bytes
def meanwhile(path):
    shutil.rmtree({str(folder / "scripts")!r}, ignore_errors=True)
    return real(path)
sieve.read_bytes = meanwhile
sys.exit(run(["lint", "--target", "latest", "."]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    sound(done)
    assert done.returncode == 2
    assert "no such file" in done.stderr
