"""Who may ask for what: keys, the accounts that they belong to, and what an inference-only key cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .settings import Settings
from .wire import ApiError, Json, Key, Request

#: Accounts whose catalogue everybody can read, and the dash that stands for all.
_SHARED = ("fireworks", "-")
#: What inference-only keys can reach.
_INFERENCE = ("/inference/", "/hot_load/")


class Access:
    """The keys that this control plane knows."""

    def __init__(self, account: str, rows: Sequence[Json], settings: Settings) -> None:
        self._account = account
        self._rows = rows
        self._settings = settings
        self.keys: dict[str, Key] = {}

    def caller(self, headers: Mapping[str, str]) -> Key:
        """The key that a request comes with.

        Raises:
            ApiError: it has none, or one that nobody knows.
        """
        given = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if given not in self.keys:
            raise ApiError(401, "invalid API key", code=16)
        return self.keys[given]

    def check(self, request: Request, account: str | None) -> None:
        """Refuse what this caller may not ask; ``account`` is the one in the path, if there is one.

        Raises:
            ApiError: the key is for inference only, or for other accounts.
        """
        caller = request.caller
        assert caller is not None
        if caller.inference_only and not request.path.startswith(_INFERENCE):
            raise ApiError(self._settings.inference_only_status, "this API key is for inference only")
        # Weight sync names its deployment in a header, not in the path.
        header = (
            request.headers.get("fireworks-deployment", "") if request.path.startswith("/hot_load/") else ""
        )
        for name in (account, header.split("/")[1] if "/" in header else None):
            if name is not None and name not in _SHARED and not self._may_enter(caller, name):
                status = self._settings.foreign_status
                raise ApiError(status, f"no access to account {name!r}" if status == 403 else "not found")

    def _may_enter(self, caller: Key, account: str) -> bool:
        if caller.accounts is not None:
            return account in caller.accounts
        return account == self._account or any(row["name"] == f"accounts/{account}" for row in self._rows)

    def is_foreign(self, account: str | None) -> bool:
        """Whether the account is another than the one whose things this fake keeps."""
        return account is not None and account not in (self._account, *_SHARED)
