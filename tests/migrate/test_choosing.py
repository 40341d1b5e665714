"""What is ported and what is left: --select, --ignore, and comments that ask to leave a statement alone."""

import textwrap

import pytest

from fwdoctor.fit import target
from fwdoctor.fit.session import Context
from fwdoctor.migrate import transform


def port(text: str, **choice: tuple[str, ...]) -> transform.Ported:
    context = Context(target.resolve("june"), **choice)  # type: ignore[arg-type]
    return transform.port("x.py", textwrap.dedent(text).lstrip(), context)


CODE = """
    from training.recipes.rl_loop import Config
    from training.utils import InfraConfig, WeightSyncConfig

    cfg = Config(log_path="l", infra=InfraConfig(region="r"), weight_sync=WeightSyncConfig(dcp_timeout=60))
    """


def test_a_move_that_is_ignored_is_not_made_and_not_marked() -> None:
    ported = port(CODE, ignore=("FWD102",))
    assert 'trainer=TrainerConfig(region="r"), weight_sync=WeightSyncConfig(dcp_timeout=60)' in ported.text
    assert set(ported.done) == {"deprecated-infra-config"}
    assert all(f.rule == "FWD108" for f in ported.todo), "what does not fit is another rule's to say"


def test_only_what_is_selected_is_made() -> None:
    ported = port(CODE, select=("deprecated-weight-sync-config",))
    assert "infra=InfraConfig" in ported.text
    assert "weight_sync" not in ported.text.splitlines()[-1]
    assert not ported.todo
    assert "TODO" not in ported.text


def test_nothing_is_selected() -> None:
    ported = port(CODE, ignore=("FWD",))
    assert ported.text == textwrap.dedent(CODE).lstrip()
    assert not ported.todo


IGNORED = {
    "behind the statement": 'infra = InfraConfig(region="r")  # fwdoctor: ignore[FWD101] both versions run it',
    "alone above it": '# fwdoctor: ignore both versions run it\ninfra = InfraConfig(region="r")',
    "on a line of a long one": 'infra = InfraConfig(\n    region="r",  # fwdoctor: ignore[FWD101,FWD106] - both versions\n)',
    "above other comments": '# fwdoctor: ignore[FWD101]\n# hardware\ninfra = InfraConfig(region="r")',
}


@pytest.mark.parametrize("statement", IGNORED.values(), ids=IGNORED)
def test_a_statement_that_a_comment_protects_is_left(statement: str) -> None:
    text = f"from training.utils import InfraConfig\n{statement}\nother = InfraConfig(trainer_timeout_s=60)\n"
    ported = transform.port("x.py", text, Context(target.resolve("june")))
    assert statement in ported.text
    assert "other = TrainerConfig(timeout_s=60)" in ported.text
    assert "from training.utils import InfraConfig, TrainerConfig\n" in ported.text
    assert transform.port("x.py", ported.text, Context(target.resolve("june"))).text == ported.text


def test_a_finding_that_a_comment_ignores_is_counted_with_its_reason() -> None:
    text = (
        "import training.utils as u\nu.setup_infra()  # fwdoctor: ignore[FWD107] dead code\nu.setup_infra()\n"
    )
    ported = transform.port("x.py", text, Context(target.resolve("june")))
    assert [(f.rule, f.evidence) for f in ported.ignored] == [("FWD107", "dead code")]
    assert len(ported.todo) == 1
    assert ported.text.count("TODO(fwdoctor)") == 1


def test_what_stands_in_code_for_several_versions_is_not_ignored_by_a_comment() -> None:
    text = "import training.utils as u\nif hasattr(u, 'TrainerConfig'):\n    u.setup_infra()\n"
    ported = transform.port("x.py", text, Context(target.resolve("june")))
    assert not ported.ignored
    assert [f.rule for f in ported.guarded] == ["FWD107"]
    assert ported.text == text


def test_another_rule_s_ignore_does_not_count() -> None:
    text = "import training.utils as u\nu.setup_infra()  # fwdoctor: ignore[FWD106]\n"
    ported = transform.port("x.py", text, Context(target.resolve("june")))
    assert not ported.ignored
    assert len(ported.todo) == 1


def test_a_trainer_of_which_a_part_is_protected_stays_whole() -> None:
    text = """
        from training.utils import InfraConfig, create_trainer_job

        endpoint = create_trainer_job(mgr, base_model="m", infra=InfraConfig())
        print(endpoint.job_id)  # fwdoctor: ignore
        """
    ported = port(text)
    assert 'create_trainer_job(mgr, base_model="m", infra=InfraConfig())' in ported.text
    assert "print(endpoint.job_id)  # fwdoctor: ignore" in ported.text
