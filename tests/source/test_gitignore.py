"""The rules mean what they mean to git: git itself is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwdoctor.source.discovery import discover
from fwdoctor.source.gitignore import GitIgnore

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

NAMES = [
    "!.py",
    "#x.py",
    "a.py",
    "a[b].py",
    "a b/a.py",
    "b.py",
    "back\\slash.py",
    "gen/a.py",
    "gen/keep/a.py",
    "pkg/a.py",
    "pkg/api_pb2.py",
    "pkg/gen/a.py",
    "pkg/sub/a.pyi",
    "pkg/sub/api_pb2.py",
    "pkg/sub/keep/a.py",
    "été.py",
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", root], check=True)
    # The user's own excludes are no part of the question.
    subprocess.run(["git", "-C", root, "config", "core.excludesFile", os.devnull], check=True)
    for name in NAMES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def check_against_git(repository: Path, ignores: dict[str, str], root: str) -> None:
    """The files that we find under ``root`` are those that git sees there."""
    for old in repository.rglob(".gitignore"):
        old.unlink()
    for folder, text in ignores.items():
        (repository / folder / ".gitignore").write_bytes(text.encode())
    git = ["git", "-C", str(repository)]
    if subprocess.run([*git, "check-ignore", "-q", root], check=False).returncode == 0:
        return  # named, so walked: not git's rule
    command = [*git, "ls-files", "--others", "--exclude-standard", "-z", root]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    prefix = os.fsencode(repository) + b"/"
    expected = {
        os.fsdecode(prefix + name) for name in listed.split(b"\0") if name.endswith((b".py", b".pyi"))
    }
    assert set(discover([repository / root]).files) == expected


@needs_git
@pytest.mark.parametrize("root", [".", "pkg", "pkg/sub"])
@pytest.mark.parametrize(
    "ignores",
    [
        {"": "*_pb2.py\n"},
        {"": "gen\n"},
        {"": "gen/\n"},
        {"": "/gen/\n"},
        {"": "pkg/gen\n"},
        {"": "**/gen/**\n"},
        {"": "**/gen\n"},
        {"": "pkg/**/a.py\n"},
        {"": "pkg/**/*.py\n"},
        {"": "pkg/***/a.py\n"},
        {"": "pkg/**a.py\n"},
        {"": "pkg/**\n!pkg/sub/\n!pkg/sub/*.py\n"},
        {"": "gen/*\n!gen/keep/\n"},
        {"": "gen/**/\n"},
        {"": "*\n!*/\n!*.py\n"},
        {"": "*\n!*/\n!*.py\ngen/\n"},
        {"": "!**/*\ngen\n"},
        {"": "*.py\n", "pkg": "!a.py\n"},
        {"": "gen/\n", "pkg": "!gen/\n"},
        {"": "*_pb2.py\n!/pkg/api_pb2.py\n"},
        {"pkg": "/sub/\n"},
        {"pkg/sub": "*\n"},
        {"pkg/sub": "*\n!keep\n"},
        {"": "# gen/\n\n\\#x.py\n*.py[icod]\n"},
        {"": "#x.py\n!.py\n"},
        {"": "\\!.py\n"},
        {"": "a b/\n"},
        {"": "a\\ b\n"},
        {"": "gen/\r\n*_pb2.py\r\n"},
        {"": "\ufeffgen/\n"},
        {"": "p?g\n[!g]en\n"},
        {"": "[^a].py\n"},
        {"": "[a-b].py\n"},
        {"": "[b-a].py\n"},
        {"": "[]a].py\n"},
        {"": "[a-].py\n"},
        {"": "[[:alpha:]].py\n"},
        {"": "[![:lower:]]*.py\n"},
        {"": "[[:nonsense:]].py\n"},
        {"": "a[[]b[]].py\n"},
        {"": "a\\[b\\].py\n"},
        {"": "[\\a].py\n"},
        {"": "back\\\\slash.py\n"},
        {"": "pkg[/]a.py\n"},
        {"": "pkg?a.py\n"},
        {"": "pkg[!x]a.py\n"},
        {"": "keep   \n"},
        {"": "keep\\ \n"},
        {"": "gen\t\n"},
        {"": "!\n/\n\n//\n[\ngen\n"},
        {"": "gen\n!/\n"},
        {"": "a.py\\\n"},
        {"": "[a\n"},
        {"": "a.py/\n"},
        {"": "été.py\n"},
        {"": "*t*.py\n"},
        {"": "build/\n*.egg-info/\n.env\n*.so\n*.log\n__pycache__/\n*.py[cod]\n"},
    ],
    ids=repr,
)
def test_patterns_mean_what_they_mean_to_git(repository: Path, ignores: dict[str, str], root: str) -> None:
    check_against_git(repository, ignores, root)


segments = st.sampled_from(
    ["a", "*", "**", "a*", "?", "*.py", "a.py", "*_pb2.py", "[ag]*", "gen", "keep", "pkg", "sub", "k*p", "!"]
)
patterns = st.builds(
    lambda sign, start, parts, end: sign + start + "/".join(parts) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(segments, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " "]),
)
files = st.lists(patterns, min_size=1, max_size=4).map("\n".join)


@needs_git
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(["", "pkg", "pkg/sub", "gen"]), files, min_size=1, max_size=3),
    st.sampled_from([".", "pkg", "pkg/sub"]),
)
def test_any_patterns_mean_what_they_mean_to_git(
    repository: Path, ignores: dict[str, str], root: str
) -> None:
    check_against_git(repository, ignores, root)


@settings(deadline=None)
@given(st.text("ab*?[]!^-\\/:# .", max_size=12), st.text("ab-]/.", min_size=1, max_size=6), st.booleans())
def test_no_pattern_is_an_error(line: str, path: str, folder: bool) -> None:
    assert GitIgnore(line.encode()).verdict(path, folder=folder) in (True, False, None)


def test_without_patterns_there_is_no_verdict() -> None:
    assert GitIgnore(b"\n# nothing\n").verdict("a.py", folder=False) is None
