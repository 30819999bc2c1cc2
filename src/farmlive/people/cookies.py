"""Names of the server's cookies, and the migration of cookies under their old names.

Where people come by https a name begins with `__Host-` (RFC 6265bis, section 4.1.3.2): a browser
takes such a cookie from this very host alone, so that no neighbour in the domain can plant one.
What the cookies hold is devices.py's and sessions.py's.
"""

from collections.abc import Mapping

from farmlive.clock import now_ms, parse_rfc3339

# Browsers keep a cookie for 400 days at most (RFC 6265bis, section 5.5).
LIFETIME_S = 400 * 24 * 60 * 60
# Until then cookies are also read without the prefix: 400 days after it was introduced.
OLD_UNTIL = parse_rfc3339("2028-01-02T00:00:00Z")
_OURS = "__Host-farmlive_"


class Cookies:
    """Names, reads and writes cookies; `secure` says whether people come by https."""

    def __init__(self, *, secure: bool):
        self._secure = secure

    def name(self, plain: str) -> str:
        """Return the name under which it is set."""
        return f"__Host-{plain}" if self._secure else plain

    def read(self, sent: Mapping[str, str], plain: str) -> str:
        """Return its value, empty where none was sent."""
        return sent.get(self.name(plain)) or self.old(sent, plain)

    def old(self, sent: Mapping[str, str], plain: str) -> str:
        """The value that came under the old name and is to be set anew; else empty.

        Empty too where a browser sent any cookie of the new names: its old ones were set anew
        then, so what has an old name since may be a neighbour's.
        """
        name = self.name(plain)
        if name == plain or now_ms() >= OLD_UNTIL or any(each.startswith(_OURS) for each in sent):
            return ""
        return sent.get(plain, "")

    def set(self, plain: str, value: str, max_age: int) -> str:
        """The Set-Cookie header that sets it for so many seconds, for the server's own eyes."""
        return self._written(self.name(plain), value, max_age)

    def drop(self, plain: str) -> list[str]:
        """The Set-Cookie headers that take it away, under any of its names."""
        return [self._written(name, "", 0) for name in dict.fromkeys((self.name(plain), plain))]

    def renew(self, plain: str, value: str, max_age: int) -> list[str]:
        """The Set-Cookie headers that set anew what came under its old name."""
        return [self.set(plain, value, max_age), self._written(plain, "", 0)]

    def _written(self, name: str, value: str, max_age: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{name}={value}; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Lax{secure}"
