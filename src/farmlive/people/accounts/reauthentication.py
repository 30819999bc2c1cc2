"""Reauthentication: a session's owner authenticates again before actions that would be most
valuable to the finder of a signed-in browser.

A sign-in counts, and so does `POST /api/v1/session/reauthentication`; the session's row has the
time. API keys need none. Pure decisions.
"""

from farmlive.clock import now_ms
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import ReauthenticationNeeded

RECENT_MS = 10 * 60 * 1000


def is_recent(caller: Caller | None) -> bool:
    """Return whether this caller need not reauthenticate now."""
    at = None if caller is None else caller.authenticated_at
    return at is None or at > now_ms() - RECENT_MS


def require(caller: Caller | None) -> None:
    """Raise ReauthenticationNeeded if the owner last authenticated more than ten minutes ago."""
    if not is_recent(caller):
        raise ReauthenticationNeeded(
            "Nothing was done: you last signed in or confirmed that it is you more than ten "
            "minutes ago. Confirm it by POST /api/v1/session/reauthentication, then send the same "
            "again."
        )
