"""Which files are found, which are left out, and what is said about the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fwdoctor.source.discovery import Discovery, discover


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with the working directory in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay_out(root: Path, *names: str) -> None:
    """Make empty files; a name that ends in a slash is a folder."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def found(*paths: str) -> list[str]:
    """The files under these paths, where there must be no problem."""
    discovery = discover(paths)
    assert discovery.problems == ()
    return list(discovery.files)


def problems(discovery: Discovery) -> list[tuple[str | None, str]]:
    return [(problem.path, problem.message) for problem in discovery.problems]


def test_no_path_finds_nothing() -> None:
    assert discover([]) == Discovery(())


def test_a_folder_is_walked_in_order_and_its_own_files_come_first(tree: Path) -> None:
    lay_out(tree, "b.py", "a.pyi", "z/c.py", "m/n/d.py", "m/e.py", "readme.md", "m/data.json", "py")
    assert found(".") == ["a.pyi", "b.py", "m/e.py", "m/n/d.py", "z/c.py"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [(".", "p/a.py"), ("./", "p/a.py"), ("p", "p/a.py"), ("p/", "p/a.py"), ("./p", "./p/a.py")],
)
def test_paths_are_shown_as_they_were_typed(tree: Path, path: str, shown: str) -> None:
    lay_out(tree, "p/a.py")
    assert found(path) == [shown]


def test_an_absolute_path_yields_absolute_paths(tree: Path) -> None:
    lay_out(tree, "a.py")
    assert found(str(tree)) == [str(tree / "a.py")]
    assert list(discover([tree]).files) == [str(tree / "a.py")]


def test_a_named_file_is_taken_whatever_its_suffix_or_place(tree: Path) -> None:
    lay_out(tree, "script", "notes.txt", ".venv/lib/a.py", "ignored.py")
    (tree / ".git").mkdir()
    (tree / ".gitignore").write_text("ignored.py\n")
    names = ["script", "notes.txt", ".venv/lib/a.py", "ignored.py"]
    assert found(*names) == names


def test_the_named_files_are_known(tree: Path) -> None:
    lay_out(tree, "a.py", "b.py", "p/c.py")
    assert discover([".", "b.py", "./b.py"]).named == {"b.py"}
    assert discover(["."]).named == frozenset()


def test_other_suffixes_can_be_asked_for(tree: Path) -> None:
    lay_out(tree, "a.py", "b.ipynb", "c.md", "d.pyi")
    assert discover(["."], suffixes=(".ipynb", ".md")).files == ("b.ipynb", "c.md")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([".", "."], ["a.py", "p/b.py", "p/q/c.py"]),
        ([".", "p"], ["a.py", "p/b.py", "p/q/c.py"]),
        (["p", "."], ["p/b.py", "p/q/c.py", "a.py"]),
        (["p/q", "p"], ["p/q/c.py", "p/b.py"]),
        (["p/b.py", "."], ["p/b.py", "a.py", "p/q/c.py"]),
        ([".", "p/b.py"], ["a.py", "p/q/c.py", "p/b.py"]),
        (["a.py", "./a.py", "p/../a.py"], ["a.py"]),
        (["p/q/c.py", "p/q"], ["p/q/c.py"]),
    ],
)
def test_each_file_is_found_once_although_the_paths_overlap(
    tree: Path, paths: list[str], expected: list[str]
) -> None:
    lay_out(tree, "a.py", "p/b.py", "p/q/c.py")
    assert found(*paths) == expected


def test_a_linked_path_is_the_same_folder_as_its_target(tree: Path) -> None:
    lay_out(tree, "p/a.py")
    (tree / "link").symlink_to("p")
    assert found("p", "link") == ["p/a.py"]
    assert found("link", "p") == ["link/a.py"]
    assert found("link/a.py", "p/a.py") == ["link/a.py"]


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "__pycache__",
        "node_modules",
        "site-packages",
    ],
)
def test_folders_that_hold_no_source_of_the_users_are_left_out_unless_named(tree: Path, name: str) -> None:
    lay_out(tree, "a.py", f"{name}/b.py", f"p/{name}/c.py")
    discovery = discover(["."])
    assert discovery.files == ("a.py",)
    assert discovery.problems == ()
    assert discovery.skipped == 2
    assert found(name) == [f"{name}/b.py"]


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/"])
def test_an_environment_of_any_name_is_left_out_unless_named(tree: Path, mark: str) -> None:
    lay_out(tree, "a.py", f"env/{mark}", "env/b.py", "env/lib/python3.11/site-packages/c.py")
    assert found(".") == ["a.py"]
    assert found("env") == ["env/b.py", "env/lib/python3.11/site-packages/c.py"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["pyproject.toml", "build/lib/a.py", "dist/b.py"], []),
        (["setup.py", "build/lib/a.py"], ["setup.py"]),
        (["setup.cfg", "dist/a.py"], []),
        (["build/a.py", "dist/b.py"], ["build/a.py", "dist/b.py"]),
        (["pyproject.toml", "build/__init__.py", "build/a.py"], ["build/__init__.py", "build/a.py"]),
        (["pyproject.toml", "src/build/a.py"], ["src/build/a.py"]),
    ],
)
def test_build_and_dist_are_output_only_beside_a_project_file(
    tree: Path, names: list[str], expected: list[str]
) -> None:
    lay_out(tree, "x.py", *names)
    assert sorted(found(".")) == sorted([*expected, "x.py"])


def test_a_named_build_folder_is_walked(tree: Path) -> None:
    lay_out(tree, "pyproject.toml", "build/lib/a.py")
    assert found("build") == ["build/lib/a.py"]


# -- .gitignore ---------------------------------------------------------------------------------------


def test_an_ignored_folder_that_is_named_is_walked(tree: Path) -> None:
    lay_out(tree, ".git/", "out/a.py", "out/deep/b.py", "out/skip/c.py", "out/d_pb2.py")
    (tree / ".gitignore").write_text("out/\n*_pb2.py\n")
    (tree / "out" / ".gitignore").write_text("skip\n")
    assert found("out") == ["out/a.py", "out/d_pb2.py", "out/deep/b.py"]
    assert found("out/deep") == ["out/deep/b.py"]


def test_rules_above_the_folder_count_only_inside_a_repository(tree: Path) -> None:
    lay_out(tree, "p/a.py", "p/b.py")
    (tree / ".gitignore").write_text("a.py\n")
    assert found("p") == ["p/a.py", "p/b.py"]
    assert found(".") == ["p/b.py"]
    (tree / ".git").write_text("gitdir: elsewhere\n")  # a worktree or submodule
    assert found("p") == ["p/b.py"]


def test_a_repository_inside_the_folder_has_its_own_rules_only(tree: Path) -> None:
    lay_out(tree, ".git/", "a.py", "b.py", "inner/.git/", "inner/a.py", "inner/b.py")
    (tree / ".gitignore").write_text("a.py\n")
    (tree / "inner" / ".gitignore").write_text("b.py\n")
    assert found(".") == ["b.py", "inner/a.py"]


def test_a_gitignore_that_is_no_file_is_passed_over(tree: Path) -> None:
    lay_out(tree, "a.py", ".gitignore/", "p/b.py")
    (tree / "p" / ".gitignore").symlink_to("nowhere")
    os.mkfifo(tree / "p" / "fifo")
    lay_out(tree, "q/c.py")
    os.mkfifo(tree / "q" / ".gitignore")
    assert found(".") == ["a.py", "p/b.py", "q/c.py"]


def test_finding_files_loads_no_parser(tree: Path) -> None:
    lay_out(tree, "a.py")
    script = (
        "import sys; from fwdoctor.source.discovery import discover; discover(['.'])\n"
        "print([name for name in ('libcst', 'pathspec', 'asyncio', 'subprocess') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"


# -- Links --------------------------------------------------------------------------------------------


def test_links_to_folders_are_not_followed_and_loops_end(tree: Path) -> None:
    lay_out(tree, "p/a.py", "q.d/")
    (tree / "p" / "up").symlink_to("..")
    (tree / "p" / "self").symlink_to(".")
    (tree / "other").symlink_to("p")
    (tree / "package.py").symlink_to("p")
    assert found(".") == ["p/a.py"]


def test_a_link_to_a_file_inside_is_taken_once(tree: Path) -> None:
    lay_out(tree, "p/z.py", "p/notes.txt", ".venv/hidden.py")
    (tree / "a.py").symlink_to("p/z.py")
    (tree / "p" / "notes.py").symlink_to("notes.txt")
    (tree / "again.py").symlink_to("p/notes.txt")
    (tree / "hidden.py").symlink_to(".venv/hidden.py")
    assert found(".") == ["p/z.py", "again.py", "hidden.py"]
    assert found("p/z.py", ".") == ["p/z.py", "again.py", "hidden.py"]


def test_a_link_to_a_file_outside_is_left_out_with_a_note_unless_named(tree: Path) -> None:
    lay_out(tree, "in/a.py", "outside/b.py")
    (tree / "in" / "b.py").symlink_to("../outside/b.py")
    discovery = discover(["in"])
    assert discovery.files == ("in/a.py",)
    assert discovery.problems == ()
    [note] = discovery.notes
    assert note.startswith("in/b.py: skipped, a link to ")
    assert found("in/b.py") == ["in/b.py"]


@pytest.mark.parametrize("target", ["nowhere", "loop.py"])
def test_a_broken_link_is_a_problem_only_if_it_looks_like_source(tree: Path, target: str) -> None:
    lay_out(tree, "a.py")
    (tree / "loop.py").symlink_to(target)
    (tree / "loop.txt").symlink_to("nowhere")
    discovery = discover(["."])
    assert discovery.files == ("a.py",)
    expected = {
        "nowhere": "broken symbolic link: nowhere does not exist",
        "loop.py": "symbolic links that lead in a circle",
    }
    assert problems(discovery) == [("loop.py", expected[target])]


# -- What cannot be looked at ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "no such file or folder"),
        ("missing/a.py", "no such file or folder"),
        ("", "no such file or folder"),
        ("a.py/b", "not a directory"),
        ("x" * 300, "file name too long"),
        ("a\0b", "the path has a NUL byte in it"),
        ("dangling", "broken symbolic link: nowhere does not exist"),
        ("circle", "symbolic links that lead in a circle"),
        ("empty", "no .py or .pyi file in this folder"),
        ("pipe.py", "not a regular file"),
        (os.devnull, "not a regular file"),
    ],
)
def test_a_path_that_leads_to_nothing_is_one_problem_and_the_others_go_on(
    tree: Path, path: str, message: str
) -> None:
    lay_out(tree, "a.py", "empty/readme.md", "p/b.py")
    (tree / "dangling").symlink_to("nowhere")
    (tree / "circle").symlink_to("circle")
    os.mkfifo(tree / "pipe.py")
    discovery = discover(["a.py", path, "p"])
    assert discovery.files == ("a.py", "p/b.py")
    assert problems(discovery) == [(path, message)]


def test_an_empty_folder_says_what_was_left_out(tree: Path) -> None:
    lay_out(tree, "p/.venv/a.py", "p/gen/b.py", "p/c.py", "q/.venv/a.py", "q/venv/b.py", "q/.git/")
    (tree / "p" / ".gitignore").write_text("gen\nc.py\n")
    nothing = "no .py or .pyi file in this folder"
    assert problems(discover(["p", "q"])) == [
        ("p", f"{nothing} (left out: 1 environment, cache or output folder, 2 ignored by .gitignore)"),
        ("q", f"{nothing} (left out: 3 environment, cache or output folders)"),
    ]


def test_a_pipe_in_the_tree_is_left_out_with_a_note(tree: Path) -> None:
    lay_out(tree, "a.py")
    os.mkfifo(tree / "pipe.py")
    discovery = discover(["."])
    assert discovery.files == ("a.py",)
    assert discovery.notes == ("pipe.py: skipped, not a regular file",)


def test_names_that_are_not_utf8_are_found(tree: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    lay_out(tree, name)
    assert found(".") == [name]


def test_a_folder_without_permission_is_a_problem_and_the_others_go_on(
    open_tree: Path, unprivileged: Callable[[str, Path], str]
) -> None:
    lay_out(open_tree, "a.py", "closed/b.py", "open/c.py", "unlisted/d.py")
    (open_tree / "closed").chmod(0)
    (open_tree / "unlisted").chmod(0o311)
    output = unprivileged(
        """
        found = discover(['.', 'closed/b.py'])
        print(found.files, [str(problem) for problem in found.problems])
        """,
        open_tree,
    )
    assert output == (
        "('a.py', 'open/c.py') ['closed/b.py: permission denied', 'closed: permission denied',"
        " 'unlisted: permission denied']\n"
    )


def test_a_gitignore_without_permission_is_noted(
    open_tree: Path, unprivileged: Callable[[str, Path], str]
) -> None:
    lay_out(open_tree, "a.py")
    (open_tree / ".gitignore").write_text("a.py\n")
    (open_tree / ".gitignore").chmod(0)
    output = unprivileged("found = discover(['.']); print(found.files, found.notes)", open_tree)
    assert output.startswith("('a.py',) (")
    assert "permission denied; its rules were not applied" in output


def test_a_deep_tree_needs_neither_many_open_files_nor_deep_recursion(tree: Path) -> None:
    deep = tree
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "a.py").write_text("import training\n")
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "from fwdoctor.source.discovery import discover\n"
        "from fwdoctor.source.sieve import sieve\n"
        "found = discover(['.']); print(len(found.files), found.folders, len(list(sieve(found.files))))"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout == "1 401 1\n"


def test_many_files_need_few_descriptors(tree: Path) -> None:
    for number in range(300):
        (tree / f"m{number}.py").write_text("import training\n")
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "from fwdoctor.source.discovery import discover\n"
        "from fwdoctor.source.sieve import sieve\n"
        "print(sum(isinstance(data, bytes) for _, data in sieve(discover(['.']).files)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout == "300\n"
