"""The bundled skill, and what makes two trees the same."""

from pathlib import Path

import pytest

import fwdoctor
from fwdoctor.skill import tree
from fwdoctor.skill.tree import MANIFEST, NotASkill, Tree, contents, front_matter


def test_the_bundled_one_is_whole_and_of_this_version(skill: Tree) -> None:
    assert skill.version == fwdoctor.__version__
    assert "SKILL.md" in skill.files
    on_disk = {str(p.relative_to(skill.folder).as_posix()) for p in skill.folder.rglob("*") if p.is_file()}
    assert set(skill.files) == on_disk


def test_line_ends_litter_and_the_manifest_count_for_nothing(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, end in ((one, b"\n"), (other, b"\r\n")):
        folder.mkdir()
        (folder / "SKILL.md").write_bytes(b"a" + end + b"b" + end)
    (other / ".DS_Store").write_bytes(b"x")
    (other / MANIFEST).write_bytes(b"{}")
    assert contents(one) == contents(other)
    (other / "SKILL.md").write_bytes(b"a\nc\n")
    assert contents(one) != contents(other)


def test_a_link_in_it_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill" / "round").symlink_to(tmp_path, target_is_directory=True)
    assert list(contents(tmp_path / "skill")) == ["round"]


def test_what_is_too_much_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_MOST_FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}.md").write_text("x")
    with pytest.raises(NotASkill):
        contents(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('---\nname: a-b\nmetadata:\n  version: "1.2"\n---\nversion: 9\n', ("a-b", "1.2")),
        ("---\r\nname: a\r\nmetadata:\r\n  version: '1.2rc1'\r\n---\r\n", ("a", "1.2rc1")),
        ("---\nname: a\n---\n\nname: b\nversion: 3\n", ("a", None)),
        ("name: a\nversion: 1\n", (None, None)),
        ("", (None, None)),
    ],
)
def test_what_skill_md_says(tmp_path: Path, text: str, expected: tuple[str | None, str | None]) -> None:
    (tmp_path / "SKILL.md").write_bytes(text.encode())
    assert front_matter(tmp_path) == expected
