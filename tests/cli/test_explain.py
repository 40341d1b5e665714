"""``fwdoctor explain`` and ``fwdoctor run`` as a user meets them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "output.json").read_text("utf-8"))
TEXT = "RuntimeError: ERROR: Trainer job a-1 is archived and cannot be recreated with the same ID\n"
KEY = "fw_8qJ0lNbaKb6WkmCMaEm3ypiv"


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FIREWORKS", "FWDOCTOR", "NO_COLOR"))}
    return kept | {"PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in (".", "codemods", "rules"))}


def fwdoctor(*args: str, cwd: Path, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fwdoctor", *args]
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment() | env,
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_known_error(tmp_path: Path) -> None:
    done = fwdoctor("explain", cwd=tmp_path, text=TEXT)
    assert done.returncode == 1
    for part in (
        "FWE505 trainer-archived-id-reuse",
        "you must act",
        "wording alone",
        "<stdin>:1",
        "why",
        "1.",
    ):
        assert part in done.stdout


def test_json(tmp_path: Path) -> None:
    done = fwdoctor("explain", "--output-format", "json", cwd=tmp_path, text=TEXT)
    data = json.loads(done.stdout)
    jsonschema.validate(data, SCHEMA)
    (found,) = data["findings"]
    assert (found["name"], found["matched_by"], found["variables"]) == (
        "trainer-archived-id-reuse",
        "text",
        {"job": "a-1"},
    )


def test_nothing_known_is_never_clean(tmp_path: Path) -> None:
    done = fwdoctor("explain", cwd=tmp_path, text="fine\nValueError: no such thing as 12345\n" * 3)
    assert done.returncode == 0
    assert "no known error in 6 lines (3 unknown error lines, see --unknown)" in done.stdout
    assert "next: " in done.stdout
    assert "nothing found" not in done.stdout


def test_unknown_errors_are_grouped_and_made_a_stub(tmp_path: Path) -> None:
    text = "".join(f"my.OddError: no thing {i} in '/srv/data/{i}'\n" for i in range(5))
    done = fwdoctor("explain", "--unknown", cwd=tmp_path, text=text)
    assert "unknown ×5 <stdin>:1-5  my.OddError: no thing <number> in '<value>'" in done.stdout
    assert "[[error.match]]" in done.stdout
    assert "text = \"no thing <number:int> in '<value>'\"" in done.stdout


def test_an_info_is_an_answer(tmp_path: Path) -> None:
    text = "2026-07-11 09:00:01 WARNING training.utils.logging: WANDB_API_KEY not set; running wandb in offline mode. Set the key to sync runs to the dashboard."
    done = fwdoctor("explain", cwd=tmp_path, text=text)
    assert "wandb-offline" in done.stdout
    assert done.returncode == 1


def test_the_page_of_a_class(tmp_path: Path) -> None:
    done = fwdoctor("explain", "--rule", "FWE505", cwd=tmp_path)
    assert done.returncode == 0
    assert "trainer-archived-id-reuse" in done.stdout
    assert fwdoctor("explain", "--rule", "FWE999", cwd=tmp_path).returncode == 2


def test_findings_can_be_selected(tmp_path: Path) -> None:
    text = TEXT + "KeyError: 'FIREWORKS_API_KEY'\n"
    done = fwdoctor(
        "explain", "--select", "api-key-missing", "--output-format", "concise", cwd=tmp_path, text=text
    )
    assert done.stdout.startswith("<stdin>:2: FWE201 ")
    assert "FWE505" not in done.stdout


def test_a_stale_sdk_of_the_project_is_told_first(tmp_path: Path) -> None:
    project = ROOT / "tests" / "fixtures" / "old_project"
    venv = str(ROOT / "tests" / "fixtures" / "stale_venv")
    done = fwdoctor("explain", cwd=project, text=TEXT, VIRTUAL_ENV=venv)
    assert done.stdout.startswith("the SDK first (FWS")
    assert "FWE505" in done.stdout


def test_what_cannot_be_read_is_status_2(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(TEXT)
    done = fwdoctor("explain", "log", "gone.log", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "FWE505" in done.stdout
    assert "gone.log: cannot read it: No such file or directory" in done.stderr
    assert "this is a folder" in done.stderr
    assert "Traceback" not in done.stderr


SECRETS = {
    "fireworks": KEY,
    "wandb": "1ebc99d913c9716343a31f9630cf9a2a4afd2f50",
    "hugging face": "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    "openai": "sk-proj-AbCdEf0123456789AbCdEf0123456789",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "password": "s3cretpass",
    "signature": "0123456789abcdef0123456789abcdef",
}


@pytest.mark.parametrize("output", ["text", "concise", "json", "jsonl"])
def test_no_secret_reaches_an_output(output: str, tmp_path: Path) -> None:
    text = (
        f"ValueError: no luck with Bearer {KEY} WANDB_API_KEY={SECRETS['wandb']} {SECRETS['hugging face']}\n"
        f"KeyError: '{SECRETS['openai']} {SECRETS['aws']} https://ana:{SECRETS['password']}@host/x'\n"
        f"{TEXT}  Cause: GET https://s3/x?X-Amz-Signature={SECRETS['signature']}&a=b {KEY}\n"
        f"fireworks.training.sdk.errors.TrainingAPIError: RLOR job creation failed (HTTP 400): odd {KEY}\n"
    )
    bundle = tmp_path / f"bundle-{output}.md"
    done = fwdoctor(
        "explain",
        "--unknown",
        "--support-bundle",
        str(bundle),
        "--output-format",
        output,
        cwd=tmp_path,
        text=text,
    )
    shown = done.stdout + done.stderr + bundle.read_text("utf-8")
    assert [name for name, secret in SECRETS.items() if secret in shown] == []


def test_a_bundle_is_never_written_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "bundle.md").write_text("mine")
    done = fwdoctor("explain", "--support-bundle", "bundle.md", cwd=tmp_path, text=TEXT)
    assert done.returncode == 2
    assert (tmp_path / "bundle.md").read_text() == "mine"


def test_findings_come_while_the_log_still_grows(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "fwdoctor", "explain"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(TEXT)
        process.stdin.flush()
        seen = ""
        while "FWE505" not in seen:
            line = process.stdout.readline()
            assert line
            seen += line
        process.stdin.write(TEXT * 2)
        process.stdin.close()
        rest = process.stdout.read()
    assert "FWE505 trainer-archived-id-reuse: 3 times, the last in line 3" in rest
    assert process.returncode == 1


# --- run ----------------------------------------------------------------------------------------------


def test_run_passes_a_success_through(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read()); print('err', file=sys.stderr)"
    done = fwdoctor("run", "--", sys.executable, "-c", code, cwd=tmp_path, text="in")
    assert (done.returncode, done.stdout, done.stderr) == (0, "in\n", "err\n")


def test_run_explains_a_failure_behind_what_the_command_wrote(tmp_path: Path) -> None:
    code = f"import sys; print('out'); sys.stderr.write({TEXT!r}); sys.exit(7)"
    done = fwdoctor("run", "--", sys.executable, "-c", code, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert done.stderr.startswith(TEXT)
    assert "FWE505" in done.stderr
    assert "ended with status 7" in done.stderr


@pytest.mark.parametrize(("command", "status"), [(["/no/such/thing"], 127), (["."], 126)])
def test_run_says_why_it_cannot_start(command: list[str], status: int, tmp_path: Path) -> None:
    done = fwdoctor("run", "--", *command, cwd=tmp_path)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_run_passes_signals_through(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(42)); "
        "print('ready', flush=True); time.sleep(30)"
    )
    command = [sys.executable, "-m", "fwdoctor", "run", "--", sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(20) == 42
        assert time.monotonic() - began < 20


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_run_tells_which_signal_ended_the_command(tmp_path: Path) -> None:
    done = fwdoctor("run", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)", cwd=tmp_path)
    assert done.returncode == 137


def test_a_notebook_explains_what_its_cells_raise(capsys: pytest.CaptureFixture[str]) -> None:
    import fwdoctor as package

    class Events:
        def __init__(self) -> None:
            self.hooks: list[object] = []

        def register(self, name: str, hook: object) -> None:
            assert name == "post_run_cell"
            self.hooks.append(hook)

        def unregister(self, name: str, hook: object) -> None:
            self.hooks.remove(hook)

    class Shell:
        events = Events()

    class Result:
        error_before_exec = None
        error_in_exec: BaseException | None = RuntimeError(TEXT.removeprefix("RuntimeError: ").strip())

    shell = Shell()
    package.load_ipython_extension(shell)
    (hook,) = shell.events.hooks
    assert callable(hook)
    hook(Result())
    assert "FWE505" in capsys.readouterr().err
    Result.error_in_exec = ValueError("mine")
    hook(Result())
    assert capsys.readouterr().err == ""
    package.unload_ipython_extension(shell)
    assert shell.events.hooks == []


def test_check_explains_a_log_too(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(TEXT)
    done = fwdoctor("check", ".", "--log", "run.log", "--output-format", "json", cwd=tmp_path)
    data = json.loads(done.stdout)
    assert "FWE505" in {f["rule"] for f in data["findings"]}
    assert next(c for c in data["checks"] if c["section"] == "log")["detail"] == "1 line"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_run_does_not_wait_for_what_the_command_leaves_behind(tmp_path: Path) -> None:
    began = time.monotonic()
    done = fwdoctor("run", "--", "sh", "-c", "(sleep 60) & exit 3", cwd=tmp_path)
    assert done.returncode == 3
    assert time.monotonic() - began < 30


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_run_keeps_the_commands_status_where_the_report_cannot_be_written(tmp_path: Path) -> None:
    done = fwdoctor("run", "-o", "/dev/full", "--", "sh", "-c", "exit 3", cwd=tmp_path)
    assert done.returncode == 3
    assert "No space left" in done.stderr
