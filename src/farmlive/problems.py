"""Problems: what went wrong, what was kept and what to do, as RFC 9457 problem details.

The same object is the body of an HTTP error and the `problem` of a channel's reply. A room declares
its problems beside the code that raises them; this module owns their shape, and problems shared by
rooms that may not import each other. Each slug has one class. A variant with another status, or for
fewer cases, is a subclass without a slug of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

MEDIA_TYPE = "application/problem+json"
# A body of one MiB may have 100,000 unknown members; the first few suffice.
ERRORS_MOST = 20


class WrongValue(ValueError):
    """A value that its field does not take; `code` names the kind of error and never changes.

    Validators raise it, so that a page says the error in its reader's words.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def field_error(field: str, code: str, message: str) -> dict[str, str]:
    """Return an entry of a problem's `errors`."""
    return {"field": field, "code": code, "message": message}


class Problem(Exception):
    """A request that nobody can make sense of; and the root of every error that reaches a person.

    Subclasses set `status` (HTTP), `slug` (the stable part of `type`) and `title` (a sentence
    that never changes for that type); `detail` says what happened this time and what to do.
    Keyword arguments become extension members (RFC 9457, section 3.2).
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request can't be understood"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **members: Any):
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def body(self) -> dict[str, Any]:
        """Return the problem details object (RFC 9457, section 3)."""
        return {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


def types(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Yield every problem with a slug of its own, of the imported rooms."""
    if "slug" in vars(root):
        yield root
    for kind in root.__subclasses__():
        yield from types(kind)


def statuses(kind: type[Problem]) -> list[int]:
    """Return every status with which a problem of this type is returned."""
    found = {kind.status}
    for each in kind.__subclasses__():
        if each.slug == kind.slug:
            found.update(statuses(each))
    return sorted(found)


class Invalid(Problem):
    """The request is well-formed and has invalid content; `errors` lists the first 20."""

    status = 422
    slug = "invalid"
    title = "Something in the request is not valid"

    @classmethod
    def of(cls, found: Sequence[Mapping[str, Any]], *, skip: int = 0) -> Self:
        """Convert pydantic's errors: field, code and sentence, without the rejected values.

        `found` is its `errors()`; `skip` is the number of location parts that are not the sender's,
        such as `body`.
        """
        errors = [
            field_error(
                ".".join(str(part) for part in item["loc"][skip:]),
                _code(item),
                item["msg"].removeprefix("Value error, ").rstrip(".") + ".",
            )
            for item in found[:ERRORS_MOST]
        ]
        first = errors[0]
        where = f"{first['field']}: " if first["field"] else ""
        return cls(f"{where}{first['message']} Nothing was changed.", errors=errors)


def _code(item: Mapping[str, Any]) -> str:
    """Return the code of a validator's WrongValue; else pydantic's type, such as `missing`."""
    cause = item.get("ctx", {}).get("error")
    return cause.code if isinstance(cause, WrongValue) else item["type"].replace("_", "-")


class NotFound(Problem):
    """The resource that the URL or the message names does not exist here."""

    status = 404
    slug = "not-found"
    title = "There is nothing here by that name"


class Unauthorized(Problem):
    """Nobody is signed in, or the key is unknown."""

    status = 401
    slug = "unauthorized"
    title = "Sign in first"


class Forbidden(Problem):
    """Signed in, and not allowed."""

    status = 403
    slug = "forbidden"
    title = "Your account can't do this"


class Conflict(Problem):
    """The current state does not allow it."""

    status = 409
    slug = "conflict"
    title = "The request conflicts with the present state"


class TooLarge(Problem):
    """The body or the message is over its limit."""

    status = 413
    slug = "too-large"
    title = "That is too large"


class TooMany(Problem):
    """A rate limit was reached; `Retry-After` says when to come back."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"


class Unavailable(Problem):
    """The server can't do it now; nothing was changed unless the detail says so."""

    status = 503
    slug = "unavailable"
    title = "The server can't do that at the moment"


class BroadcastEnded(Conflict):
    """The broadcast has ended; nothing more happens in it."""

    slug = "broadcast-ended"
    title = "The broadcast has ended"


class BroadcastNotLive(Conflict):
    """The broadcast has not begun."""

    slug = "broadcast-not-live"
    title = "The broadcast is not live"


class UnknownSource(NotFound):
    """The broadcast has no such source."""

    slug = "unknown-source"
    title = "The broadcast has no such source"
