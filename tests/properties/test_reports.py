"""Of any report: the JSON is what its schema says, every format renders, and no secret gets through."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from fwdoctor import reporters
from fwdoctor.cli._options import FORMATS
from fwdoctor.finding import Report
from fwdoctor.records import Record
from fwdoctor.reporters import migration
from tests.properties.generators import ANY_TEXT, KEYS, SECRET_FORMS, of_type, reports

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "output.json"
FORMAT = st.sampled_from(FORMATS)


@functools.cache
def validator() -> Any:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@given(reports(), st.booleans())
def test_the_json_of_any_report_validates(report: Report, unicode: bool) -> None:
    text = reporters.render(report, "json", unicode=unicode)
    validator().validate(json.loads(text))
    assert unicode or text.isascii()
    for line in reporters.render(report, "jsonl", unicode=unicode).split("\n")[:-1]:
        json.loads(line)


@given(reports(), FORMAT, st.booleans(), st.booleans(), st.booleans())
def test_any_report_has_a_text_in_any_format(
    report: Report, output_format: str, quiet: bool, verbose: bool, unicode: bool
) -> None:
    report = dataclasses.replace(report, result=None)  # of those, only the words of ours have a text
    text = reporters.render(report, output_format, quiet=quiet, verbose=verbose, unicode=unicode)
    assert unicode or text.isascii()


@st.composite
def secrets(draw: st.DrawFn) -> tuple[str, str]:
    """A key, and a text around it as one finds it in code and in logs."""
    key = draw(KEYS)
    form = draw(st.sampled_from(SECRET_FORMS)).format(key)
    around = draw(
        st.sampled_from(
            [("", ""), ("Client(", ")"), ("a\n", "\nb"), ("0123 ", ", c=1)"), ("\u65e5 ", " \u00e9")]
        )
    )
    return key, f"{around[0]}{form}{around[1]}"


#: Fields that are names: of rules, files, commands of ours. No secret comes into them.
_NAMES = {"rule", "rules", "name", "path", "section", "command", "matched_by", "reference"}


def planted(value: Any, text: str) -> Any:
    """A value with a text in all its texts, but for names."""
    if isinstance(value, str) and type(value) is str:
        return text
    if isinstance(value, tuple):
        return tuple(planted(v, text) for v in value)
    if isinstance(value, dict):
        return {k: planted(v, text) for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            f.name: planted(getattr(value, f.name), text)
            for f in dataclasses.fields(value)
            if f.name not in _NAMES
        }
        return dataclasses.replace(value, **changes)
    return value


plain_reports = of_type(Report, st.sampled_from(["a", "bc.py", "d e"])).map(
    lambda r: dataclasses.replace(r, result=None)
)


@given(plain_reports, secrets(), FORMAT, st.booleans(), st.booleans())
def test_no_secret_gets_through_in_any_format(
    report: Report, secret: tuple[str, str], output_format: str, verbose: bool, color: bool
) -> None:
    key, text = secret
    shown = reporters.render(planted(report, text), output_format, verbose=verbose, color=color)
    assert key not in shown


@given(of_type(Record, ANY_TEXT), st.sampled_from(sorted(migration.FORMATS)))
def test_any_record_of_a_migration_has_a_text(record: Record, suffix: str) -> None:
    assert migration.render(record, f"report{suffix}")
