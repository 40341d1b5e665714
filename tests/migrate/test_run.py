"""Migrating files on disk: outcomes, bytes, bad input."""

import multiprocessing
import os
import signal
import stat
from pathlib import Path

import pytest
from fwdoctor_codemods.core.port import Port

from fwdoctor.finding import FileStatus, Report
from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.migrate import session
from fwdoctor.migrate.run import Options, migrate

OLD = """\
from training.recipes.sft_loop import Config
from training.utils import InfraConfig

cfg = Config(log_path="l", infra=InfraConfig(region="r"))  # caf\u00e9
"""
NEW = OLD.replace("import InfraConfig", "import TrainerConfig").replace(
    "infra=InfraConfig", "trainer=TrainerConfig"
)


def run(
    *paths: Path, version: str = "june", write: bool = True, diff: bool = False, check: bool = False
) -> Report:
    options = Options(write=write, diff=diff, check=check)
    return migrate([str(p) for p in paths], lambda: target.Choice(version), options)


def statuses(report: Report) -> dict[str, FileStatus]:
    return {Path(f.path).name: f.status for f in report.files or ()}


def test_a_tree(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(OLD, "utf-8")
    (tmp_path / "new.py").write_text(NEW, "utf-8")
    (tmp_path / "other.py").write_text("print(1)\n", "utf-8")
    (tmp_path / "helper.py").write_text("from training.utils import setup_infra\n", "utf-8")
    report = run(tmp_path)
    assert statuses(report) == {
        "old.py": FileStatus.PORTED,
        "new.py": FileStatus.UNCHANGED,
        "helper.py": FileStatus.PARTIAL,
    }
    assert report.looked_at == 4
    assert (tmp_path / "old.py").read_text("utf-8") == NEW
    assert report.exit_status() == 1


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(OLD, "utf-8")
    (tmp_path / "helper.py").write_text("from training.utils import setup_infra\n", "utf-8")
    run(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    again = run(tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert not any(f.changed for f in again.files or ())
    assert statuses(again)["helper.py"] is FileStatus.PARTIAL, "what is left is still reported"


@pytest.mark.parametrize(("diff", "check"), [(True, False), (False, True), (True, True)])
def test_diff_and_check_write_nothing(tmp_path: Path, diff: bool, check: bool) -> None:
    path = tmp_path / "old.py"
    path.write_text(OLD, "utf-8")
    times = os.stat(path)
    report = run(path, write=False, diff=diff, check=check)
    assert path.read_text("utf-8") == OLD
    assert os.stat(path).st_mtime_ns == times.st_mtime_ns
    assert report.exit_status() == (1 if check else 0)
    (outcome,) = report.files or ()
    assert bool(outcome.diff) is diff


ENCODINGS = {
    "utf-8": (OLD.encode("utf-8"), NEW.encode("utf-8")),
    "byte order mark": (OLD.encode("utf-8-sig"), NEW.encode("utf-8-sig")),
    "crlf": (OLD.replace("\n", "\r\n").encode(), NEW.replace("\n", "\r\n").encode()),
    "mixed line ends": (
        OLD.replace("\n", "\r\n", 1).encode(),
        NEW.replace("\n", "\r\n", 1).encode(),
    ),
    "latin-1 with a cookie": (
        ("# -*- coding: latin-1 -*-\n" + OLD).encode("latin-1"),
        ("# -*- coding: latin-1 -*-\n" + NEW).encode("latin-1"),
    ),
    "no newline at the end": (OLD.rstrip("\n").encode(), NEW.rstrip("\n").encode()),
    "form feeds and tabs": (
        b"\x0c\n" + OLD.encode() + b"if x:\n\tpass\n",
        b"\x0c\n" + NEW.encode() + b"if x:\n\tpass\n",
    ),
    "blank lines with spaces": (OLD.encode() + b"x = 1\n\n\n   \n", NEW.encode() + b"x = 1\n\n\n   \n"),
    "non-ASCII before the call on its line": (
        OLD.replace("cfg = ", 'name = "\u00e9\u20ac"; cfg = ').encode(),
        NEW.replace("cfg = ", 'name = "\u00e9\u20ac"; cfg = ').encode(),
    ),
}


@pytest.mark.parametrize(("before", "after"), ENCODINGS.values(), ids=ENCODINGS)
def test_bytes_are_kept(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "old.py"
    path.write_bytes(before)
    report = run(path)
    assert not report.problems
    assert path.read_bytes() == after


BAD = {
    "a syntax error": (OLD.encode() + b"def half(:\n", "syntax error"),
    "NUL bytes": (OLD.encode() + b"\0", "NUL byte"),
    "latin-1 without a cookie": (OLD.encode("latin-1"), "UTF-8"),
    "an unknown cookie": (b"# coding: klingon\n" + OLD.encode(), "klingon"),
    "3,000 nested parentheses": (OLD.encode() + b"x = " + b"(" * 3000 + b")" * 3000 + b"\n", ""),
    "a sum too deep": (OLD.encode() + b"x = " + b"+".join([b"1"] * 20000) + b"\n", ""),
}


@pytest.mark.parametrize(("data", "reason"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_the_others_go_on(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "bad.py").write_bytes(data)
    (tmp_path / "good.py").write_text(OLD, "utf-8")
    report = run(tmp_path)
    (problem,) = report.problems
    assert (problem.path or "").endswith("bad.py")
    assert reason in problem.message
    assert "\n" not in str(problem)
    assert report.exit_status() == 2
    assert (tmp_path / "bad.py").read_bytes() == data
    assert (tmp_path / "good.py").read_text("utf-8") == NEW


def test_bad_files_without_fireworks_are_not_our_business_unless_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text("def half(:\n")
    (tmp_path / "good.py").write_text("x = 1\n")
    assert not run(tmp_path).problems
    assert run(path).exit_status() == 2


@pytest.mark.parametrize("kind", ["missing", "empty folder", "broken link"])
def test_paths_that_lead_to_nothing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "empty folder":
        path.mkdir()
    elif kind == "broken link":
        path.symlink_to(tmp_path / "nowhere.py")
    report = run(path)
    (problem,) = report.problems
    assert problem.path == str(path)
    assert report.exit_status() == 2


def test_mode_and_links_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "src" / "old.py"
    real.parent.mkdir()
    real.write_text(OLD, "utf-8")
    real.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(real)
    run(link)
    assert link.is_symlink()
    assert real.read_text("utf-8") == NEW
    assert stat.S_IMODE(real.stat().st_mode) == 0o750
    assert [p.name for p in real.parent.iterdir()] == ["old.py"]


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text(OLD, "utf-8")
    path.chmod(0o444)
    report = run(tmp_path)
    assert report.exit_status() == 2
    assert path.read_text("utf-8") == OLD


def test_a_port_that_does_not_verify_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fwdoctor.migrate import transform

    def broken(*_: object, **__: object) -> set[str]:
        return {"surprise"} if broken.calls.append(1) or len(broken.calls) == 1 else set()  # type: ignore[attr-defined]

    broken.calls = []  # type: ignore[attr-defined]
    monkeypatch.setattr(transform, "undefined", broken)
    path = tmp_path / "old.py"
    path.write_text(OLD, "utf-8")
    report = run(path)
    assert path.read_text("utf-8") == OLD
    (outcome,) = report.files or ()
    assert outcome.status is FileStatus.FAILED
    assert "surprise" in (outcome.reason or "")


def test_a_surprise_in_one_file_is_that_file_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fwdoctor.migrate import transform

    real = transform.port_opened

    def port(first: Port, context: Context) -> transform.Ported:
        if first.path.endswith("a.py"):
            raise KeyError("surprise")
        return real(first, context)

    monkeypatch.setattr(transform, "port_opened", port)
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(OLD, "utf-8")
    report = run(tmp_path)
    assert statuses(report) == {"a.py": FileStatus.FAILED, "b.py": FileStatus.PORTED}
    assert report.exit_status() == 2


def test_a_local_package_that_looks_alike_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "utils.py").write_text("class InfraConfig: ...\n")
    (tmp_path / "run.py").write_text("from training.utils import InfraConfig\nInfraConfig()\n")
    report = run(tmp_path / "run.py")
    (outcome,) = report.files or ()
    assert outcome.status is FileStatus.SKIPPED
    assert "training" in (outcome.reason or "")
    assert report.exit_status() == 0


def test_fixtures_of_a_conftest_are_known(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import pytest\nfrom training.utils import InfraConfig\n"
        "@pytest.fixture\ndef hardware() -> InfraConfig:\n    return InfraConfig()\n"
    )
    (tmp_path / "test_it.py").write_text(
        "from training.recipes.sft_loop import Config\n"
        "def test(hardware):\n    Config(log_path='l', infra=hardware)\n"
    )
    report = run(tmp_path)
    assert set(statuses(report).values()) == {FileStatus.PORTED}
    assert "trainer=hardware" in (tmp_path / "test_it.py").read_text()


def test_other_kinds_of_files_are_skipped_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "README.rst"
    path.write_text(".. code:: python\n\n   from training.utils import InfraConfig\n")
    (outcome,) = run(path).files or ()
    assert outcome.status is FileStatus.SKIPPED
    assert outcome.reason


def test_surfaces_are_not_made_for_a_tree_without_fireworks(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")

    def choose() -> target.Choice:
        raise AssertionError("not needed")

    assert migrate([str(tmp_path)], choose).exit_status() == 0


def test_installed_libraries_are_not_the_user_s_code(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    for name in ("fireworks/training/sdk/a.py", "training/recipes/b.py"):
        path = site / name
        path.parent.mkdir(parents=True)
        path.write_text("from training.utils import setup_infra\n")
    report = run(site)
    assert report.files == ()
    assert report.exit_status() == 0


def test_a_name_of_a_newer_sdk_is_not_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("from fireworks.training.sdk import SomethingNewer\nSomethingNewer()\n")
    report = run(path)
    assert not report.findings


def test_several_processes_say_the_same_in_the_same_order(tmp_path: Path) -> None:
    for i in range(12):
        (tmp_path / f"f{i:02}.py").write_text(
            OLD if i % 3 else "from training.utils import setup_infra\n", "utf-8"
        )
    (tmp_path / "bad.py").write_text("import training.utils\ndef half(:\n")
    choose = lambda: target.Choice("june")  # noqa: E731
    one = migrate([str(tmp_path)], choose, Options(write=False, diff=True, jobs=1))
    three = migrate([str(tmp_path)], choose, Options(write=False, diff=True, jobs=3))
    assert three == one
    assert migrate([str(tmp_path)], choose, Options(jobs=3)).exit_status() == 2
    assert (tmp_path / "f01.py").read_text("utf-8") == NEW


def test_a_worker_that_dies_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fwdoctor.migrate import workers

    for name in ("a.py", "kill.py", "z.py"):
        (tmp_path / name).write_text(OLD, "utf-8")
    monkeypatch.setattr(workers, "_start_server", lambda: multiprocessing.get_context("fork"))
    real = session.Session.file

    def file(self: session.Session, path: str, data: bytes) -> object:
        if path.endswith("kill.py"):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, path, data)

    monkeypatch.setattr(session.Session, "file", file)
    report = migrate([str(tmp_path)], lambda: target.Choice("june"), Options(jobs=2))
    assert statuses(report) == {
        "a.py": FileStatus.PORTED,
        "kill.py": FileStatus.FAILED,
        "z.py": FileStatus.PORTED,
    }
    assert (tmp_path / "kill.py").read_text("utf-8") == OLD


def test_a_file_that_somebody_else_changes_meanwhile_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(OLD, "utf-8")
    real = session.Session.file

    def file(self: session.Session, path: str, data: bytes) -> object:
        if path.endswith("b.py"):
            Path(path).write_text(OLD + "x = 1\n", "utf-8")
        return real(self, path, data)

    monkeypatch.setattr(session.Session, "file", file)
    report = run(tmp_path)
    assert statuses(report) == {"a.py": FileStatus.PORTED, "b.py": FileStatus.FAILED}
    assert report.exit_status() == 2
    assert "changed" in str(report.problems[0])
    assert (tmp_path / "b.py").read_text("utf-8") == OLD + "x = 1\n"


SHARED = """\
import os
from fireworks.training.sdk import TrainerJobManager
from training.recipes import rl_loop
from training.utils import InfraConfig, WeightSyncConfig

mgr = TrainerJobManager(api_key=os.environ.get("KEY", ""))

def run():
    cfg = rl_loop.Config(log_path="l", infra=InfraConfig(), weight_sync=WeightSyncConfig(weight_sync_interval=2))
    return rl_loop.main(cfg, rlor_mgr=mgr)
"""


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ("from common import mgr, run\nrun()\nmgr.list_checkpoints('j')\n", {"mgr", "TrainerJobManager"}),
        ("from common import WeightSyncConfig, run\n", {"WeightSyncConfig"}),
        ("import common\ncommon.run()\n", set()),
        ("from common import run\n", set()),
    ],
)
def test_what_other_files_import_stays(other: str, kept: set[str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "common.py").write_text(SHARED)
    (tmp_path / "report.py").write_text(other)
    run(tmp_path)
    text = (tmp_path / "common.py").read_text()
    left = {n for n in ("mgr", "TrainerJobManager", "WeightSyncConfig") if n in text}
    assert left == kept
    assert "trainer=TrainerConfig()" in text
