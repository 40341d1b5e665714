"""Where text comes from, and what cannot be read."""

import gzip
import json
import os
import threading
import time
from pathlib import Path

import pytest

from fwdoctor.explain.inputs import open_file
from fwdoctor.explain.run import Explained, explain
from fwdoctor.finding import Finding

TEXT = "RuntimeError: ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID\n"


def look(path: Path) -> Explained:
    return explain([open_file(str(path))])


READABLE = {
    "plain": ("log.txt", TEXT.encode()),
    "windows": ("log.txt", TEXT.replace("\n", "\r\n").encode()),
    "powershell": ("log.txt", TEXT.encode("utf-16")),
    "big-endian": ("log.txt", b"\xfe\xff" + TEXT.encode("utf-16-be")),
    "a byte order mark": ("log.txt", b"\xef\xbb\xbf" + TEXT.encode()),
    "packed": ("log.gz", gzip.compress(TEXT.encode())),
    "invalid bytes around": ("log.txt", b"\xc3\xfe\xfd\xc3\n" * 3 + TEXT.encode() + b"\xc3\x28\n"),
    "zeros around": ("core", b"\x00" * 5000 + b"\n" + TEXT.encode() + b"\x00" * 5000),
}


@pytest.mark.parametrize(("name", "data"), READABLE.values(), ids=READABLE)
def test_read(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    result = look(tmp_path / name)
    assert [f.name for f in result.findings] == ["trainer-archived-id-reuse"]
    assert not result.problems


QUIET = {"empty": b"", "one byte": b"x", "binary": bytes(range(256)) * 400, "line ends only": b"\r\n" * 999}


@pytest.mark.parametrize("data", QUIET.values(), ids=QUIET)
def test_nothing_is_found_in_nothing(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(data)
    result = look(tmp_path / "log")
    assert not result.findings
    assert not result.problems


UNREADABLE = {
    "no notebook": ("a.ipynb", b"{"),
    "a notebook of format 3": ("a.ipynb", json.dumps({"worksheets": []}).encode()),
    "cells that are none": ("a.ipynb", json.dumps({"cells": [1]}).encode()),
    "no XML": ("a.xml", b"<testsuite"),
    "XML with entities": ("a.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>'),
    "nothing packed": ("a.gz", b"plain"),
    "half of what was packed": ("a.gz", gzip.compress(os.urandom(9999))[:2000]),
}


@pytest.mark.parametrize(("name", "data"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_told(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    (problem,) = look(tmp_path / name).problems
    assert name in str(problem)


def test_others_are_still_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(TEXT)
    result = explain(
        [open_file(str(tmp_path / "gone")), open_file(str(tmp_path)), open_file(str(tmp_path / "log"))]
    )
    assert len(result.problems) == 2
    assert len(result.findings) == 1


def test_the_outputs_of_a_notebook(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["fine\n"]},
        {
            "output_type": "error",
            "ename": "RuntimeError",
            "evalue": "x",
            "traceback": ["\x1b[31mTraceback\x1b[0m", TEXT],
        },
    ]
    cells = [
        {"cell_type": "markdown", "source": [TEXT]},
        {"cell_type": "code", "source": [f"# {TEXT}"], "outputs": outputs},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"nbformat": 4, "cells": cells}))
    (found,) = look(tmp_path / "a.ipynb").findings
    assert found.location is not None
    assert (found.location.cell, found.location.line) == (2, 2)


def test_the_failures_of_a_test_run(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(
        '<testsuites><testsuite><testcase classname="tests.test_a" name="test_b">'
        f'<failure message="m">E   {TEXT}</failure></testcase><testcase name="c"/></testsuite></testsuites>'
    )
    (found,) = look(tmp_path / "junit.xml").findings
    assert found.variables["test"] == "tests.test_a.test_b"


def test_a_file_that_grows_is_followed_and_found_again_when_it_is_replaced(tmp_path: Path) -> None:
    path, seen = tmp_path / "log", []
    path.write_text("fine\n")
    ended = threading.Event()

    def tell(found: Finding) -> None:
        seen.append(found.name)
        if len(seen) == 2:
            ended.set()
            raise KeyboardInterrupt

    follower = threading.Thread(
        target=explain, args=([open_file(str(path), follow=True)],), kwargs={"listener": tell}
    )
    follower.start()
    time.sleep(0.5)
    with path.open("a") as file:
        file.write(TEXT)
    time.sleep(1.0)
    (tmp_path / "new").write_text("KeyError: 'FIREWORKS_API_KEY'\n")
    os.replace(tmp_path / "new", path)
    assert ended.wait(10)
    follower.join(10)
    assert seen == ["trainer-archived-id-reuse", "api-key-missing"]
