"""A progress bar on the standard error; loaded only where one is shown."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import Progress, TaskID

#: Fewer files are done before anybody has read the bar.
_ENOUGH = 20


class Bar:
    """A bar that appears with the first report of a run that is long enough, and goes at its end."""

    def __init__(self) -> None:
        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        if total < _ENOUGH:
            return
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task("porting", total=total)
        self._progress.update(self._task, completed=done)
