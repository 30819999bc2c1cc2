"""Proofs that it is still the same person: asked again before what would be worth most to whoever
finds a signed-in browser.

A sign-in is one, and so is `POST /api/v1/session/proof`; its time stands in the session's row. A
program's key is not asked. Decides only.
"""

from farmlive.clock import now_ms
from farmlive.people.caller import Caller
from farmlive.people.problems import ReauthenticationNeeded

PROVED_MS = 10 * 60 * 1000


def is_recent(caller: Caller | None) -> bool:
    """Return whether no proof is asked of this caller now."""
    proved = None if caller is None else caller.proved_at
    return proved is None or proved > now_ms() - PROVED_MS


def require(caller: Caller | None) -> None:
    """Raise ReauthenticationNeeded where the session's last proof is older than ten minutes."""
    if not is_recent(caller):
        raise ReauthenticationNeeded(
            "Nothing was done: it is more than ten minutes since you last proved who you are. "
            "Prove it by POST /api/v1/session/proof, then send the same again."
        )
