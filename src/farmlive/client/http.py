"""Parses a response of the server: its JSON, or its problem (RFC 9457) as an exception.

Shared by the API and by WHIP and WHEP; opens no connection of its own.
"""

from typing import Any, TypedDict

import httpx

Json = dict[str, Any]
Text = dict[str, str]
"""Words by language, `zh` and `en`."""


class Money(TypedDict):
    """An amount in minor units with its ISO 4217 code: `{"amount": 2990, "currency": "CNY"}`."""

    amount: int
    currency: str


class Refusal(Exception):
    """The server refused a request; `body` is the problem details object, `status` its status."""

    def __init__(self, body: Json, status: int | None = None):
        self.body = body
        self.status = int(body.get("status", 0)) if status is None else status
        super().__init__(f"{self.status} {body.get('title', '')}: {body.get('detail', '')}")

    @property
    def slug(self) -> str:
        """The last part of the problem's `type`, such as `sold-out`."""
        return str(self.body.get("type", "")).rsplit("/", 1)[-1]


class ApiProblem(Refusal):
    """The server answered with an error.

    `status` is the HTTP status, `body` the problem details object (built from the status line if
    the server sent none), `retry_after` the seconds of `Retry-After` or None.
    """

    def __init__(self, status: int, body: Json, retry_after: float | None = None):
        super().__init__(body, status)
        self.retry_after = retry_after


def raise_for_problem(response: httpx.Response) -> httpx.Response:
    """Return a response that succeeded or redirects; raise ApiProblem for any other."""
    if response.status_code < 400:
        return response
    body: Json = {"title": response.reason_phrase, "status": response.status_code}
    if "json" in response.headers.get("content-type", ""):
        found = response.json()
        if isinstance(found, dict):
            body = found
    else:
        body["detail"] = response.text[:500]
    raise ApiProblem(
        response.status_code, body, parse_retry_after(response.headers.get("retry-after"))
    )


def parse_retry_after(header: str | None) -> float | None:
    """Parse `Retry-After` in its form of seconds (RFC 9110, section 10.2.3); None for a date."""
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        return None
