"""The verdicts on a clause: broken, not applicable or untried, with reasons for people."""

from typing import Literal

import httpx

Kind = Literal["whip", "whep"]
Level = Literal["MUST", "SHOULD"]
Verdict = Literal["pass", "fail", "n/a", "untried"]


class Broken(Exception):
    """The server does not keep the clause; the text is what it did instead."""


class NotApplicable(Exception):
    """The clause does not concern this server; the text is the reason."""


class Untried(Exception):
    """The clause could not be checked, since the server opened no session for it."""


def expect(condition: object, sentence: str) -> None:
    """Raise Broken with the sentence unless the condition holds."""
    if not condition:
        raise Broken(sentence)


def response_words(response: httpx.Response) -> str:
    """Return the server's response in words."""
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


def failure_words(error: httpx.HTTPError) -> str:
    """Return why a request got no response, in few words and without a full stop."""
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection was made in time"
    if isinstance(error, httpx.TimeoutException):
        return "it took the connection, and then nothing came in time"
    return str(error).rstrip(".") or type(error).__name__
