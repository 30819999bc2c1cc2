"""The STUN and TURN servers for clients, with their credentials, as Link headers.

Pure; routes/sessions.py sends the headers. The server itself uses none of these servers.
"""

import base64
import hmac
import secrets

from farmlive.settings import Settings

_LASTS_S = 86_400


def ice_server_links(settings: Settings, now: float) -> list[str]:
    """Return one Link header field value for each server (RFC 9725, section 4.6).

    `now` is in seconds since 1970. A TURN server with a shared secret gets credentials that are
    valid for a day, as coturn's `use-auth-secret` accepts them: the name is the expiry time and a
    random word, the password its HMAC-SHA1 (draft-uberti-behave-turn-rest-00, section 2.2).
    """
    name, password = settings.turn_username, settings.turn_password.get_secret_value()
    secret = settings.turn_secret.get_secret_value()
    if secret:
        name = f"{int(now) + _LASTS_S}:{secrets.token_hex(8)}"
        digest = hmac.digest(secret.encode(), name.encode(), "sha1")
        password = base64.b64encode(digest).decode()
    known = (
        f'; username="{_quoted(name)}"; credential="{_quoted(password)}"'
        '; credential-type="password"'
    )
    return [
        f'<{url}>; rel="ice-server"' + (known if url.startswith("turn") else "")
        for url in settings.turn_urls
    ]


def _quoted(text: str) -> str:
    """Return the text escaped for a quoted-string (RFC 9110, section 5.6.4)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
