"""Version knowledge: what the surfaces say of a name that is missing."""

from collections.abc import Callable

import pytest

from fwdoctor.explain.run import Explained

Look = Callable[[str | bytes], Explained]

CASES = {
    "an argument that a later SDK has": (
        (
            "TypeError: FiretitanServiceClient.from_firetitan_config() got an unexpected keyword argument "
            "'trainer_pending_timeout_s'"
        ),
        "sdk-missing-kwarg",
        "fireworks-ai 1.2.1 added trainer_pending_timeout_s=: the one at hand is older",
        "pip install 'fireworks-ai[training]>=1.2.1,<1.2.25'",
    ),
    "an argument that an earlier SDK had": (
        "TypeError: WeightSyncer.__init__() got an unexpected keyword argument 'dcp_timeout'",
        "sdk-missing-kwarg",
        "fireworks-ai 1.0.0a52 dropped dcp_timeout=",
        "<1.0.0a52'",
    ),
    "a name of a later SDK": (
        "ImportError: cannot import name 'SamplingRequestError' from 'fireworks.training.sdk' (/v/__init__.py)",
        "sdk-missing-symbol",
        "fireworks-ai 1.2.1 added SamplingRequestError",
        ">=1.2.1,<1.2.25'",
    ),
    "a name of no SDK": (
        "ImportError: cannot import name 'Nonesuch' from 'fireworks.training.sdk' (/v/__init__.py)",
        "sdk-missing-symbol",
        "no known version of the SDK has Nonesuch",
        "fwdoctor check",
    ),
    "a method": (
        "AttributeError: 'FireworksClient' object has no attribute 'list_checkpoints'",
        "sdk-missing-symbol",
        "fireworks-ai 1.0.0a62 added list_checkpoints",
        ">=1.0.0a62,<1.2.25'",
    ),
    "a helper that the cookbook dropped": (
        "ImportError: cannot import name 'run_async_rl_loop' from 'training.utils.rl' (/c/training/utils/rl/__init__.py)",
        "removed-cookbook-helper-import",
        "dropped run_async_rl_loop",
        "git checkout ",
    ),
    "a name that the cookbook got later": (
        "ImportError: cannot import name 'build_service_client' from 'training.utils' (/c/training/utils/__init__.py)",
        "removed-cookbook-helper-import",
        "cookbook 517d206d (2026-06-01) added build_service_client",
        "git checkout 517d206d",
    ),
}


@pytest.mark.parametrize(("text", "name", "verdict", "command"), CASES.values(), ids=CASES)
def test_who_is_behind(text: str, name: str, verdict: str, command: str, look: Look) -> None:
    (found,) = look(text).findings
    assert found.name == name
    assert verdict in found.message
    assert any(command in c for step in found.remedy for c in step.commands)


NOT_OURS = {
    "an argument of somebody else": "TypeError: Completions.create() got an unexpected keyword argument 'foo'",
    "a name of somebody else": "ImportError: cannot import name 'Trainer' from 'transformers' (/v/__init__.py)",
    "a package of the same name": "ImportError: cannot import name 'LaunchPad' from 'fireworks' (/v/__init__.py)",
    "a folder of the same name": "ImportError: cannot import name 'Net' from 'training.models' (/p/models.py)",
    "a method that none ever had": "AttributeError: 'DeploymentManager' object has no attribute 'launch'",
    "a value that is None": "AttributeError: 'NoneType' object has no attribute 'list_checkpoints'",
    "a module of the user": (
        'Traceback (most recent call last):\n  File "/p/main.py", line 3, in <module>\n'
        "    from training.augment import flips\nModuleNotFoundError: No module named 'training'\n"
    ),
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS)
def test_nothing_is_said_of_others(text: str, look: Look) -> None:
    assert look(text).findings == []


OTHERS = {
    "another vendor": "google.api_core.exceptions.ResourceExhausted: 429 custom model training quota exceeded for x",
    "a class of a common name": "TypeError: SamplingParams.__init__() got an unexpected keyword argument 'xx'",
    "a package of a similar name": (
        "myproj 1.0 requires fireworks-ai-utils>=2, but you have fireworks-ai-utils 1.0 which is incompatible."
    ),
    "another Config": (
        'Traceback (most recent call last):\n  File "/p/db.py", line 3, in <module>\n'
        "    cfg = alembic.config.Config(infra=x)\n"
        "TypeError: Config.__init__() got an unexpected keyword argument 'infra'\n"
    ),
    "the workflow package": (
        'Traceback (most recent call last):\n  File "/p/flow.py", line 1, in <module>\n'
        "    from fireworks import Firework, LaunchPad, FWorker\nModuleNotFoundError: No module named 'fireworks'\n"
    ),
    "somebody searches": '$ grep -rn "No valid training examples after tokenization" .',
    "a table": "  | **No valid training examples after tokenization** | every row was filtered |",
    "a row of a diff": "+| **No valid training examples after tokenization** | every row was filtered |",
    "an argument": '    reason="FIREWORKS_API_KEY not set",',
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_others_with_the_same_words(text: str, look: Look) -> None:
    assert look(text).findings == []
