"""The reports of a migration: what stands in them, escaped, redacted, and readable by machines."""

import html.parser
import json
import re
from pathlib import Path

import pytest

from fwdoctor.cli import run
from fwdoctor.finding import FileStatus
from fwdoctor.fit import target
from fwdoctor.migrate.record import record
from fwdoctor.migrate.run import Options, migrate_and_keep
from fwdoctor.records import Record
from fwdoctor.reporters import migration

FILES = {
    "ported.py": """
        from training.recipes.sft_loop import Config
        from training.utils import InfraConfig

        cfg = Config(log_path="<b>&amp;", infra=InfraConfig(region="r"))
        """,
    "left <here> & 'there'.py": """
        from training.recipes.rl_loop import Config
        from training.utils import InfraConfig, WeightSyncConfig, setup_infra

        options = load()
        cfg = Config(log_path="l", api_key="sesame-open-12345", **options)
        other = Config(log_path="l", weight_sync=WeightSyncConfig(dcp_timeout=60))
        setup_infra()
        """,
    "bad.py": "import training.utils\ndef half(:\n",
    "fine.py": "import training.utils\n",
    "other.py": "x = 1\n",
}


@pytest.fixture
def made(tmp_path: Path) -> Record:
    for name, text in FILES.items():
        (tmp_path / name).write_text(re.sub(r"(?m)^ {8}", "", text))
    choice = target.Choice("june")
    report, results = migrate_and_keep([str(tmp_path)], lambda: choice, Options())
    return record(report, results, choice.surfaces(), "june", "fwdoctor migrate --target june .")


def test_the_record(made: Record) -> None:
    files = {Path(f.path).name: f for f in made.files}
    assert {n: f.status for n, f in files.items()} == {
        "ported.py": FileStatus.PORTED,
        "left <here> & 'there'.py": FileStatus.PARTIAL,
        "bad.py": FileStatus.FAILED,
    }
    assert made.totals == {"ported": 1, "partial": 1, "unchanged": 2, "failed": 1}
    left = {s.rule: s for s in files["left <here> & 'there'.py"].sites}
    assert left["FWD106"].code == 'other = Config(log_path="l")'
    assert left["FWD109"].unresolved == "**options"
    signature = left["FWD109"].signature or ""
    assert signature.startswith("Config(log_path, base_model=")
    assert "trainer=" in signature
    assert left["FWD106"].verify.startswith("fwdoctor migrate --check --target june ")
    lines = files["left <here> & 'there'.py"].new.splitlines()
    for site in left.values():
        assert site.line is not None
        assert lines[site.line - 1] in site.code or lines[site.line - 1].startswith("# TODO"), site


@pytest.mark.parametrize("suffix", migration.FORMATS)
def test_no_secret_gets_out(made: Record, suffix: str) -> None:
    text = migration.render(made, f"report{suffix}")
    assert "sesame" not in text
    assert "dcp_timeout" in text


def test_json(made: Record) -> None:
    data = json.loads(migration.render(made, "r.json"))
    assert data["schema"] == 1
    assert data["left"] == sum(len(f["sites"]) for f in data["files"])
    ported = next(f for f in data["files"] if f["status"] == "ported")
    assert "+from training.utils import TrainerConfig" in ported["diff"]
    assert "old" not in ported


def test_markdown(made: Record) -> None:
    text = migration.render(made, "r.md")
    assert "| ported | 1 |" in text
    assert "**FWD106 setting-without-counterpart** (1)" in text
    assert "(" in text
    assert re.search(r"\]\(\S*left%20%3Chere%3E%20%26%20%27there%27\.py#L\d+\)", text)


class _Checker(html.parser.HTMLParser):
    """Balance, links and ids of a page."""

    VOID = frozenset({"meta", "col"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert not {"src", "onclick"} & values.keys()
        assert tag not in ("script", "link", "iframe")
        self.ids += [v for k, v in attrs if k == "id" and v]
        self.links += [v for k, v in attrs if k == "href" and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html(made: Record) -> None:
    page = migration.render(made, "r.html")
    checker = _Checker()
    checker.feed(page)
    assert not checker.open
    assert len(set(checker.ids)) == len(checker.ids) == len(made.files)
    assert {f"#{i}" for i in checker.ids} == set(checker.links), "every link leads to a file on the page"
    assert "http" not in page.replace("https://", "").partition("</style>")[0]
    assert "left <here> & 'there'.py" in checker.text
    assert "TODO(fwdoctor): FWD106" in checker.text
    assert "<b>InfraConfig</b>" in page
    assert "<b>TrainerConfig</b>" in page
    assert "&lt;b&gt;&amp;amp;" in page


def test_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text(re.sub(r"(?m)^ {8}", "", FILES["ported.py"]))
    out = [str(tmp_path / f"r{s}") for s in migration.FORMATS]
    args = [word for path_ in out for word in ("--report", path_)]
    assert run(["migrate", "--target", "june", *args, str(path)]) == 0
    assert all(Path(p).stat().st_size for p in out)
    assert "trainer=" in path.read_text()


def test_a_report_without_a_format_is_told_before_anything_is_ported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.py"
    path.write_text(FILES["fine.py"])
    assert run(["migrate", "--target", "june", "--report", str(tmp_path / "r.pdf"), str(path)]) == 2
    assert ".html" in capsys.readouterr().err


def test_a_report_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text(re.sub(r"(?m)^ {8}", "", FILES["ported.py"]))
    nowhere = tmp_path / "missing" / "r.html"
    assert run(["migrate", "--target", "june", "--report", str(nowhere), str(path)]) == 2
    assert "the port itself is done" in capsys.readouterr().err
    assert "trainer=" in path.read_text()


def test_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert run(["migrate", "--report", str(tmp_path / "r.html"), str(tmp_path / "a.py")]) == 0
    assert "unchanged 1" in (tmp_path / "r.html").read_text()


def test_a_notebook_is_shown_by_its_cells(tmp_path: Path) -> None:
    sources = [
        "from training.recipes.rl_loop import Config\nfrom training.utils import WeightSyncConfig\n",
        "x = 1\nc = Config(log_path='l', weight_sync=WeightSyncConfig(dcp_timeout=60))",
    ]
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": s}
        for s in sources
    ]
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    choice = target.Choice("june")
    report, results = migrate_and_keep([str(path)], lambda: choice, Options())
    made = record(report, results, choice.surfaces(), "june", "")
    (site,) = made.files[0].sites
    assert (site.cell, site.code) == (2, "c = Config(log_path='l')")
    assert "n.ipynb:cell 2" in made.files[0].diff
    assert "cell_type" not in migration.render(made, "r.html")
    assert "n.ipynb:cell 2:2`" in migration.render(made, "r.md")
