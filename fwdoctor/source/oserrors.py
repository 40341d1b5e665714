"""The operating system's errors in words."""

from __future__ import annotations

import errno
import os

from fwdoctor.errors import FwdoctorError

_WORDS = {
    errno.ENOENT: "no such file or folder",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.EISDIR: "is a folder, not a file",
    errno.ELOOP: "symbolic links that lead in a circle",
    errno.ENOSPC: "no space left on the disk",
    errno.EDQUOT: "disk quota exceeded",
    errno.EFBIG: "file size limit exceeded",
    errno.EROFS: "the file system is read-only",
    errno.EMFILE: "too many open files",
}


def describe(error: OSError | ValueError) -> str:
    """One line without the path, which a problem carries anyway."""
    if isinstance(error, OSError):
        if error.errno in _WORDS:
            return _WORDS[error.errno]
        if error.errno is not None:
            return os.strerror(error.errno).lower()
    # Python has a ValueError for such a path, in words that change from version to version.
    return "the path has a NUL byte in it" if "embedded null" in str(error) else str(error)


def current_folder() -> str:
    """The folder that the user is in.

    Raises:
        FwdoctorError: it is gone, or hidden.
    """
    try:
        return os.getcwd()
    except OSError as error:
        raise FwdoctorError(f"the folder that you are in cannot be used: {describe(error)}") from error
