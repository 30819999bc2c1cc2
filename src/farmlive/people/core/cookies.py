"""Names of the server's cookies, and the migration of cookies with old names.

With https a name begins with `__Host-` (RFC 6265bis, section 4.1.3.2): a browser accepts such a
cookie only from this very host, so that no sibling domain can set one. devices.py and sessions.py
define their values.
"""

from collections.abc import Mapping

from farmlive.clock import now_ms, parse_rfc3339

# Browsers keep a cookie for 400 days at most (RFC 6265bis, section 5.5).
LIFETIME_S = 400 * 24 * 60 * 60
# Until then cookies without the prefix are read, too: 400 days after the prefix was introduced.
OLD_UNTIL = parse_rfc3339("2028-01-02T00:00:00Z")
_OURS = "__Host-farmlive_"


class Cookies:
    """Names, reads and writes cookies; `secure`: the server uses https."""

    def __init__(self, *, secure: bool):
        self._secure = secure

    def name(self, plain: str) -> str:
        """Return the name under which the server sets it."""
        return f"__Host-{plain}" if self._secure else plain

    def read(self, sent: Mapping[str, str], plain: str) -> str:
        """Return its value, empty where none was sent."""
        return sent.get(self.name(plain)) or self.old(sent, plain)

    def old(self, sent: Mapping[str, str], plain: str) -> str:
        """Return the value under the old name, which must be renewed; else empty.

        Empty also if the browser sent any cookie with a new name: its old ones were renewed then,
        so a sibling domain may have set a cookie with an old name.
        """
        name = self.name(plain)
        if name == plain or now_ms() >= OLD_UNTIL or any(each.startswith(_OURS) for each in sent):
            return ""
        return sent.get(plain, "")

    def set(self, plain: str, value: str, max_age: int) -> str:
        """Return the Set-Cookie header that sets it, HttpOnly, for `max_age` seconds."""
        return self._written(self.name(plain), value, max_age)

    def drop(self, plain: str) -> list[str]:
        """Return the Set-Cookie headers that delete it under both names."""
        return [self._written(name, "", 0) for name in dict.fromkeys((self.name(plain), plain))]

    def renew(self, plain: str, value: str, max_age: int) -> list[str]:
        """Return the Set-Cookie headers that set it under the new name and delete the old one."""
        return [self.set(plain, value, max_age), self._written(plain, "", 0)]

    def _written(self, name: str, value: str, max_age: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{name}={value}; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Lax{secure}"
