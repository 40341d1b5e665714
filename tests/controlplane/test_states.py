"""The states of trainer jobs: all that the platform has, and honest about others."""

from fwdoctor.controlplane.states import Phase, job_state, job_states

#: The vendor's API page for resuming a job lists nineteen; ARCHIVED came with a newer schema.
NAMES = [
    "UNSPECIFIED",
    "CREATING",
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "DELETING",
    "WRITING_RESULTS",
    "VALIDATING",
    "DELETING_CLEANING_UP",
    "PENDING",
    "EXPIRED",
    "RE_QUEUEING",
    "CREATING_INPUT_DATASET",
    "IDLE",
    "CANCELLING",
    "EARLY_STOPPED",
    "PAUSED",
    "DELETED",
    "ARCHIVED",
]


def test_every_state_is_there() -> None:
    assert set(job_states()) == {f"JOB_STATE_{name}" for name in NAMES}


def test_the_sdk_resumes_these() -> None:
    resumable = {s.short for s in job_states().values() if s.resumable}
    assert resumable == {"PAUSED", "FAILED", "CANCELLED", "COMPLETED"}


def test_every_state_says_what_to_do() -> None:
    for state in job_states().values():
        assert state.means
        assert state.next.endswith(".")
        assert (state.phase is Phase.WAITING) <= (state.patience is not None)


def test_a_new_state_is_taken_as_it_is() -> None:
    found = job_state("JOB_STATE_DREAMING")
    assert found.short == "DREAMING"
    assert found.phase is Phase.UNKNOWN
    assert found.resumable is None
