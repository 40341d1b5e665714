"""``--bump-pins``: which requirements change, what stays, and when nothing is touched."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from fwdoctor.finding import FileStatus, Report
from fwdoctor.fit import target
from fwdoctor.migrate.pins import _bumped
from fwdoctor.migrate.run import Options, migrate

#: What the cookbook of August pins.
PIN = ">=1.2.9,<2"
OLD = "from training.utils import InfraConfig\ninfra = InfraConfig(region='r')\n"


def run(folder: Path, code: str = OLD, **options: bool) -> Report:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "train.py").write_text(code)
    wanted = Options(bump_pins=True, **options)
    return migrate([str(folder / "src")], lambda: target.Choice("august"), wanted)


REQUIREMENTS = {
    "an exact pin": ("fireworks-ai==1.2.0a70\n", f"fireworks-ai{PIN}\n"),
    "extras, a marker, a comment": (
        "torch\nFireworks_AI[training] >=1.2.0a70,<1.2.2 ; python_version > '3.10'  # the SDK\nhttpx\n",
        f"torch\nFireworks_AI[training]{PIN} ; python_version > '3.10'  # the SDK\nhttpx\n",
    ),
    "CRLF": ("fireworks-ai<1.2\r\nx==1\r\n", f"fireworks-ai{PIN}\r\nx==1\r\n"),
    "no line end": ("fireworks-ai<1.2", f"fireworks-ai{PIN}"),
    "a range that overlaps": ("fireworks-ai>=1.2.0a70,<2\n", f"fireworks-ai{PIN}\n"),
    "a pin that will do": ("fireworks-ai==1.2.28\n", None),
    "another range that will do": ("fireworks-ai>=1.2.12,<1.3\n", None),
    "no version": ("fireworks-ai[training]\n", None),
    "from a URL": ("fireworks-ai @ https://example.com/fireworks_ai-1.2.0-py3-none-any.whl\n", None),
    "another package": ("fireworks-ai-extra==1.0\n# fireworks-ai==1.0\n", None),
}


@pytest.mark.parametrize(("before", "after"), REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_requirements(tmp_path: Path, before: str, after: str | None) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes(before.encode())
    report = run(tmp_path)
    assert path.read_bytes().decode() == (before if after is None else after)
    assert not report.findings
    again = run(tmp_path, (tmp_path / "src" / "train.py").read_text())
    assert not any(f.changed for f in again.files or ())


HANDS = {
    "hashes": "fireworks-ai==1.2.0 --hash=sha256:" + "0" * 64 + "\n",
    "hashes on the next line": "fireworks-ai==1.2.0 \\\n    --hash=sha256:" + "0" * 64 + "\n",
    "a continued line": "fireworks-ai[training] \\\n  ==1.2.0\n",
}


@pytest.mark.parametrize("text", HANDS.values(), ids=HANDS)
def test_what_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    report = run(tmp_path)
    assert path.read_text() == text
    assert [f.rule for f in report.findings] == ["FWD115"]
    assert report.findings[0].location is not None
    assert report.findings[0].location.line == 1


def test_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        "[project]\n"
        'name = "x"  # fireworks-ai==1.2.0\n'
        'version = "1"\n'
        "dependencies = [\n"
        "    'fireworks-ai[training]==1.2.0',  # the SDK\n"
        '    "httpx>=0.2",\n'
        "]\n"
        "[project.optional-dependencies]\n"
        'gpu = ["torch", "fireworks-ai[training-sdk] >= 1.2.0a70"]\n'
        "[dependency-groups]\n"
        'dev = ["fireworks-ai>=1.2.10", {include-group = "x"}]\n'
        "[tool.poetry.dependencies]\n"
        'fireworks-ai = "^1.0"\n'
    )
    before = path.read_text()
    report = run(tmp_path)
    expected = before.replace("[training]==1.2.0'", f"[training]{PIN}'")
    assert path.read_text() == expected.replace("[training-sdk] >= 1.2.0a70", f"[training-sdk]{PIN}")
    assert [f.rule for f in report.findings] == ["FWD115"], "Poetry's own notation is told"


def test_not_before_the_code(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("fireworks-ai==1.2.0\n")
    report = run(tmp_path, OLD + "from training.utils import setup_infra\n")
    assert path.read_text() == "fireworks-ai==1.2.0\n"
    assert _why(report, "requirements.txt") == "its version stays as it is: 1 file is not wholly ported"


def test_not_before_the_rest_of_the_code(tmp_path: Path) -> None:
    """A file that nobody looked at may need the old SDK still."""
    path = tmp_path / "requirements.txt"
    path.write_text("fireworks-ai==1.2.0\n")
    (tmp_path / "other.py").write_text(OLD)
    (tmp_path / "train.py").write_text(OLD)
    options = Options(bump_pins=True)
    report = migrate([str(tmp_path / "train.py")], lambda: target.Choice("august"), options)
    assert path.read_text() == "fireworks-ai==1.2.0\n"
    reason = _why(report, "requirements.txt") or ""
    assert "other.py uses Fireworks, too, and was not looked at" in reason
    assert report.looked_at == 2
    migrate([str(tmp_path)], lambda: target.Choice("august"), options)
    assert path.read_text() == f"fireworks-ai{PIN}\n"


def _why(report: Report, name: str) -> str | None:
    """Why a file was left out."""
    return next(f.reason for f in report.files or () if Path(f.path).name == name)


@pytest.mark.parametrize("options", [{"write": False, "diff": True}, {"write": False, "check": True}])
def test_looking_writes_nothing(tmp_path: Path, options: dict[str, bool]) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("fireworks-ai==1.2.0\n")
    report = run(tmp_path, **options)
    assert path.read_text() == "fireworks-ai==1.2.0\n"
    assert {Path(f.path).name: f.status for f in report.files or ()} == {
        "train.py": FileStatus.PORTED,
        "requirements.txt": FileStatus.PORTED,
    }
    diff = (report.files or ())[-1].diff
    assert f"+fireworks-ai{PIN}" in (diff or "") if "diff" in options else diff is None


@given(
    st.sampled_from(["fireworks-ai", "Fireworks.AI[a, b]", "fireworks_ai [training]"]),
    st.sampled_from(["==1.0", "<1.2", ">=1.2.0a70", "~=1.1", " == 1.0 , != 1.1"]),
    st.sampled_from(["", "; python_version > '3'", " ;  sys_platform == 'linux'"]),
)
def test_only_the_version_changes(name: str, version: str, marker: str) -> None:
    old = f"{name}{version}{marker}"
    new = _bumped(old, f"fireworks-ai[training]{PIN}")
    assert new is not None
    before, after = Requirement(old), Requirement(new)
    assert (after.name, after.extras, str(after.marker)) == (before.name, before.extras, str(before.marker))
    assert after.specifier == Requirement(f"x{PIN}").specifier
    assert _bumped(new, f"fireworks-ai[training]{PIN}") is None
