"""[tool.fwdoctor] and fwdoctor.toml: where they are found, and what is said about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwdoctor import settings
from fwdoctor.cli import run
from fwdoctor.errors import FwdoctorError

OLD = "from training.utils import InfraConfig\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("files", "start", "expected"),
    [
        ({"pyproject.toml": "[tool.fwdoctor]\ntarget = 'may'"}, ".", "may"),
        ({"pyproject.toml": "[tool.fwdoctor]\ntarget = 'may'"}, "a/b", "may"),
        (
            {"fwdoctor.toml": "target = 'may'", "pyproject.toml": "[tool.fwdoctor]\ntarget = 'june'"},
            ".",
            "may",
        ),
        ({"fwdoctor.toml": "[tool.fwdoctor]\ntarget = 'may'"}, ".", "may"),
        (
            {"pyproject.toml": "[tool.fwdoctor]\ntarget = 'may'", "a/pyproject.toml": "[tool.ruff]"},
            "a",
            "may",
        ),
        ({"pyproject.toml": "[tool.fwdoctor]\ntarget = 'may'", "a/fwdoctor.toml": ""}, "a", None),
        ({"pyproject.toml": "[tool.ruff]"}, ".", None),
        ({}, ".", None),
    ],
)
def test_the_nearest_file_counts(
    tmp_path: Path, files: dict[str, str], start: str, expected: str | None
) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    (tmp_path / start).mkdir(parents=True, exist_ok=True)
    assert settings.load(None, tmp_path / start).target == expected


WRONG = {
    "not TOML": ("target = ", "not TOML"),
    "an unknown key": ("per-file-ignore = {}", "did you mean 'per-file-ignores'"),
    "a key like nothing": ("zzz = 1", "unknown setting 'zzz'"),
    "a number": ("target = 3", "target: is to be a string"),
    "a string for a list": ("select = 'FWD1'", "select: is to be a list of strings"),
    "an unknown rule": ("select = ['FWD1', 'FWD9']", "no rule begins with 'FWD9'"),
    "a misspelt rule": ("ignore = ['deprecated-infra-confg']", "did you mean 'deprecated-infra-config'"),
    "a misspelt rule below": ("[per-file-ignores]\n'a' = ['FWDX']", "no rule begins with 'FWDX'"),
    "no table": ("per-file-ignores = ['a']", "is to be a table"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_a_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "fwdoctor.toml", text)
    with pytest.raises(FwdoctorError) as caught:
        settings.load(None, tmp_path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FwdoctorError, match="cannot read the settings"):
        settings.load(str(tmp_path / "gone.toml"), tmp_path)
    with pytest.raises(FwdoctorError, match=r"no \[tool.fwdoctor\]"):
        settings.load(str(write(tmp_path / "pyproject.toml", "[tool.ruff]")), tmp_path)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("generated", "src/generated/a.py", True),
        ("generated", "src/generated_not/a.py", False),
        ("*.py", "src/a.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/old", "src/old/deep/a.py", True),
        ("src/old/", "src/old/a.py", True),
        ("./src/old", "src/old/a.py", True),
        ("old", "src/bold/a.py", False),
        ("src/*/a.py", "src/x/a.py", True),
        ("**/a.py", "a.py", True),
        ("**/old/**", "old/deep/a.py", True),
        ("{root}/src", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("a.py", "../a.py", False),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, path: str, matches: bool) -> None:
    pattern = pattern.format(root=tmp_path)
    found = settings.Settings(folder=tmp_path, exclude=(pattern,), per_file_ignores={pattern: ("FWD1",)})
    assert found.excludes(str(tmp_path / path)) is matches
    assert found.ignores_in(str(tmp_path / path)) == (("FWD1",) if matches else ())


@pytest.mark.parametrize(
    ("text", "args", "rules"),
    [
        ("", (), {"FWD101", "FWD102"}),
        ("select = ['FWD101']", (), {"FWD101"}),
        ("select = ['FWD101']", ("--extend-select", "FWD102"), {"FWD101", "FWD102"}),
        ("select = ['FWD101']", ("--select", "FWD102"), {"FWD102"}),
        ("select = ['FWD101']\nextend-select = ['deprecated-weight-sync-config']", (), {"FWD101", "FWD102"}),
        ("ignore = ['FWD101']", (), {"FWD102"}),
        ("ignore = ['FWD101']", ("--ignore", "FWD102"), set()),
        ("ignore = ['FWD101']", ("--select", "FWD101"), {"FWD101"}),
        ("ignore = ['FWD1']", ("--select", "FWD101"), {"FWD101"}),
        ("ignore = ['FWD101']", ("--select", "FWD1"), {"FWD102"}),
        ("extend-select = ['FWD102']", ("--select", "FWD101"), {"FWD101", "FWD102"}),
        ("", ("--extend-select", "FWD102"), {"FWD101", "FWD102"}),
        ("exclude = ['a.py']", (), set()),
        ("[per-file-ignores]\n'*.py' = ['FWD102']", (), {"FWD101"}),
    ],
)
def test_lint_heeds_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    args: tuple[str, ...],
    rules: set[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "fwdoctor.toml", f"target = 'latest'\n{text}")
    write(tmp_path / "a.py", OLD + OLD.replace("InfraConfig", "WeightSyncConfig"))
    write(tmp_path / "b.py", "x = 1\n")
    assert run(["lint", "--output-format", "concise", *args]) == bool(rules)
    assert {line.split()[1] for line in capsys.readouterr().out.splitlines()} == rules


def test_named_files_are_left_out_with_force_exclude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "fwdoctor.toml", "target = 'latest'\nexclude = ['a.py']")
    write(tmp_path / "a.py", OLD)
    assert run(["lint", "a.py"]) == 1
    assert run(["lint", "--force-exclude", "a.py"]) == 0
    assert run(["lint", "--exclude", "b.py"]) == 0


def test_patterns_of_the_command_line_begin_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "fwdoctor.toml", "target = 'latest'")
    write(tmp_path / "sub" / "gen" / "a.py", OLD)
    write(tmp_path / "sub" / "b.py", "x = 1\n")
    monkeypatch.chdir(tmp_path / "sub")
    assert run(["lint", "."]) == 1
    assert run(["lint", "--exclude", "other,gen/a.py", "."]) == 0
    assert run(["lint", "--exclude", "sub/gen", "."]) == 1


def test_an_excluded_file_passes_through_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.chdir(tmp_path)
    write(tmp_path / "fwdoctor.toml", "target = 'latest'\nexclude = ['gen']")
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(
            sys, stream, io.TextIOWrapper(io.BytesIO(OLD.encode() if stream == "stdin" else b""))
        )
    assert run(["lint", "--fix", "--force-exclude", "-", "--stdin-filename", "gen/a.py"]) == 0
    assert sys.stdout.buffer.getvalue() == OLD.encode()  # type: ignore[attr-defined]
