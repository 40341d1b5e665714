"""Errors that a user can cause; the command line prints them in one line and exits with 2."""

from __future__ import annotations


class FwdoctorError(Exception):
    """What happened, where, and what to do: one line, no traceback, exit status 2."""
