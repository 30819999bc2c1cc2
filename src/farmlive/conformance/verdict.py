"""The verdicts of a clause's check: broken, not applicable or untried, in words for people."""

from typing import Literal

import httpx

Kind = Literal["whip", "whep"]
Level = Literal["MUST", "SHOULD"]
Verdict = Literal["pass", "fail", "n/a", "untried"]


class Broken(Exception):
    """The server does not keep the clause; the text says what it did instead."""


class NotApplicable(Exception):
    """The clause asks nothing of this server; the text says why."""


class Untried(Exception):
    """The clause could not be tried, since the server made no session for it."""


def expect(condition: object, sentence: str) -> None:
    """Raise Broken with the sentence unless the condition holds."""
    if not condition:
        raise Broken(sentence)


def said(response: httpx.Response) -> str:
    """Summarize the server's response."""
    words = f"{response.status_code} {response.reason_phrase}".strip()
    detail = ""
    if "json" in response.headers.get("content-type", ""):
        try:
            body = response.json()
        except ValueError:
            body = None
        if isinstance(body, dict):
            found = body.get("detail") or body.get("error") or body.get("title") or ""
            detail = f" ({str(found)[:160].rstrip('.')})" if found else ""
    return f"it answered {words}{detail}"


def broke(error: httpx.HTTPError) -> str:
    """Why a request got no answer, in few words and without a full stop."""
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection was made in time"
    if isinstance(error, httpx.TimeoutException):
        return "it took the connection, and then nothing came in time"
    return str(error).rstrip(".") or type(error).__name__
