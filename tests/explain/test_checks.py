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
    "a module of a later SDK": (
        "ModuleNotFoundError: No module named 'fireworks.training.sdk.sampling'",
        "sdk-missing-symbol",
        "fireworks-ai 1.2.0a74 added fireworks.training.sdk.sampling: the one at hand is older",
        "pip install 'fireworks-ai[training]>=1.2.0a74,<1.2.25'",
    ),
    "a module of no SDK": (
        "ModuleNotFoundError: No module named 'fireworks.training.sdk.nonesuch'",
        "sdk-missing-symbol",
        "no known version of the SDK has fireworks.training.sdk.nonesuch",
        "fwdoctor check",
    ),
    "a method asked of an SDK class itself": (
        "AttributeError: type object 'FiretitanServiceClient' has no attribute 'from_firetitan_config'",
        "sdk-missing-symbol",
        "fireworks-ai 1.2.0a74 added from_firetitan_config",
        ">=1.2.0a74,<1.2.25'",
    ),
    "a module that the cookbook got later": (
        "ModuleNotFoundError: No module named 'training.utils.service'",
        "cookbook-missing-module",
        "cookbook 517d206d (2026-06-01) added training.utils.service: the one at hand is older",
        "git checkout 517d206d",
    ),
    "a module that the cookbook had for five days": (
        "ModuleNotFoundError: No module named 'training.recipes.opd_loop'",
        "cookbook-missing-module",
        "cookbook fcea7c63 (2026-06-04) dropped training.recipes.opd_loop",
        "git checkout 4df64177",
    ),
    "a recipe out of a package without a file": (
        "ImportError: cannot import name 'igpo_loop' from 'training.recipes' (unknown location)",
        "removed-cookbook-helper-import",
        "cookbook a5dd79c9 (2026-04-13) added training.recipes.igpo_loop",
        "git checkout a5dd79c9",
    ),
    "a name that lives in another module": (
        "ImportError: cannot import name 'TrainerConfig' from 'training.utils.infra' (/c/training/utils/infra.py)",
        "removed-cookbook-helper-import",
        "it is a name of training.utils.config",
        "git checkout 517d206d",
    ),
    "a field of the class's new name": (
        "AttributeError: 'InfraConfig' object has no attribute 'replica_count'",
        "cookbook-missing-member",
        (
            "it is a field of TrainerConfig (cookbook 517d206d (2026-06-01) added TrainerConfig); "
            "InfraConfig calls it trainer_replica_count"
        ),
        "fwdoctor migrate --diff .",
    ),
    "a field of the class's old name": (
        "AttributeError: 'TrainerConfig' object has no attribute 'skip_validations'",
        "cookbook-missing-member",
        "it was a field of InfraConfig",
        "fwdoctor migrate --diff .",
    ),
    "an argument that a class of the cookbook got later": (
        "TypeError: DeployConfig.__init__() got an unexpected keyword argument 'replica_count'",
        "cookbook-missing-member",
        "cookbook 2b3b9a34 (2026-03-19) added replica_count=: the one at hand is older",
        "git checkout 2b3b9a34",
    ),
    "an argument that a helper of the cookbook lost": (
        (
            'Traceback (most recent call last):\n  File "/c/cookbook/training/recipes/rl_loop.py", line 9, in main\n'
            "    service = build_service_client(lora_rank=8)\n"
            "TypeError: build_service_client() got an unexpected keyword argument 'lora_rank'\n"
        ),
        "cookbook-missing-member",
        "cookbook 62c410aa (2026-08-07) dropped lora_rank=",
        "git checkout 152faf05",
    ),
    "a method that a class of the cookbook lost": (
        "AttributeError: 'ReconnectableClient' object has no attribute 'create_base_reference'",
        "cookbook-missing-member",
        "cookbook 517d206d (2026-06-01) dropped create_base_reference",
        "git checkout 68dc0d97",
    ),
    "a module below a file of the same name": (
        "ModuleNotFoundError: No module named 'training.utils.service'; 'training.utils' is not a package",
        "cookbook-package-missing",
        "Python does not find the cookbook's package training.utils.service",
        "pip install -e cookbook/training",
    ),
    "an import out of an empty folder": (
        "ImportError: cannot import name 'build_service_client' from 'training.utils' (unknown location)",
        "cookbook-package-missing",
        "Python does not find the cookbook's package training.utils",
        "pip install -e cookbook/training",
    ),
}

SUCCESSORS = {
    "a renamed field": (
        "AttributeError: 'TrainerConfig' object has no attribute 'trainer_replica_count'",
        "Write replica_count instead of trainer_replica_count.",
    ),
    "a field of a renamed class, by its new name": (
        "AttributeError: 'InfraConfig' object has no attribute 'replica_count'",
        "Make a TrainerConfig instead of InfraConfig, or write trainer_replica_count.",
    ),
    "a field that another class has": (
        "AttributeError: 'DeployConfig' object has no attribute 'deployment_region'",
        "What replaced it: TrainerConfig.region.",
    ),
    "a module": (
        "ModuleNotFoundError: No module named 'training.utils.opd'",
        "What replaced it: training.utils.distillation.",
    ),
    "an argument that is spelled differently": (
        "fireworks.training: TypeError: build_service_client() got an unexpected keyword argument 'lora_rank'",
        "What replaced it: max_lora_rank=.",
    ),
}


@pytest.mark.parametrize(("text", "advice"), SUCCESSORS.values(), ids=SUCCESSORS)
def test_what_replaced_it(text: str, advice: str, look: Look) -> None:
    (found,) = look(text).findings
    assert advice in found.remedy[0].text


def test_the_same_error_twice_says_the_same(look: Look) -> None:
    line = "ModuleNotFoundError: No module named 'training.utils.service'\n"
    (found,) = look(line * 3).findings
    assert found.message == look(line).findings[0].message


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
    "a module that no cookbook had": "ModuleNotFoundError: No module named 'training.utils.augment'",
    "a module of the user with a name of the cookbook's": (
        'Traceback (most recent call last):\n  File "/p/main.py", line 3, in <module>\n'
        "    from training.utils.service import start_web_server\n"
        "ModuleNotFoundError: No module named 'training.utils.service'\n"
    ),
    "the same in another package": (
        'Traceback (most recent call last):\n  File "/v/site-packages/mlkit/run.py", line 3, in <module>\n'
        "    import training.utils.service\nModuleNotFoundError: No module named 'training.utils.service'\n"
    ),
    "a module of the same last name": "ModuleNotFoundError: No module named 'mylab.utils.service'",
    "a common name": "ImportError: cannot import name 'logger' from 'training.utils' (/p/training/utils/__init__.py)",
    "a module that nobody imported": "AttributeError: module 'training.utils' has no attribute 'service'",
    "a circular import": (
        "ImportError: cannot import name 'build_service_client' from partially initialized module 'training.utils' "
        "(most likely due to a circular import) (/c/training/utils/__init__.py)"
    ),
    "an attribute in a circular import": (
        "AttributeError: partially initialized module 'training.utils' has no attribute 'build_service_client' "
        "(most likely due to a circular import)"
    ),
    "a Config of nobody in particular": "AttributeError: 'Config' object has no attribute 'infra'",
    "a class of a common name": "AttributeError: 'Rollout' object has no attribute 'samples'",
    "an attribute that no version had": "AttributeError: 'TrainerConfig' object has no attribute 'optimizer'",
    "a class of the user with a name of the cookbook's": (
        'Traceback (most recent call last):\n  File "/p/fit.py", line 3, in <module>\n'
        "    print(config.accelerator_type)\n"
        "AttributeError: 'TrainerConfig' object has no attribute 'accelerator_type'\n"
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
