"""Which STUN and TURN servers clients are told of, with their credentials, as Link headers.

Decides and writes; sending the headers is `routes`' part. The server itself uses none of them.
"""

import base64
import hmac
import secrets

from farmlive.settings import Settings

_LASTS_S = 86_400


def ice_server_links(settings: Settings, now: float) -> list[str]:
    """One Link header field value for each server (RFC 9725, section 4.6); `now` in seconds since
    1970.

    A TURN server with a shared secret gets credentials that last a day, as coturn's
    `use-auth-secret` takes them: the name is the end of the day and a random word, the password
    its HMAC-SHA1 (draft-uberti-behave-turn-rest-00, section 2.2).
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
    """The inside of a quoted-string (RFC 9110, section 5.6.4)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
