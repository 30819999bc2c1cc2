"""The relying party of passkeys: this server as a browser knows it (W3C Web Authentication, 5.1.2).

Passkeys need a secure context and a name: HTTPS by FARMLIVE_PUBLIC_URL or a certificate, or
localhost and names below it. There are none under an IP.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from farmlive.edge.hosts import host_of, is_name, own_url
from farmlive.settings import Settings

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Site:
    """The origin of the pages, and the id of the relying party, which is its host."""

    origin: str
    rp_id: str

    @classmethod
    def of(cls, url: str) -> "Site | None":
        """Return the relying party of a URL; None if browsers have no passkeys there."""
        parts = urlsplit(url)
        host = host_of(parts.netloc)
        if not _is_localhost(host) and not (parts.scheme == "https" and is_name(host)):
            return None
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        return cls(origin.removesuffix(_DEFAULT_PORTS[parts.scheme]), host)

    @classmethod
    def of_request(cls, settings: Settings, scope: Scope) -> "Site | None":
        """Return the relying party of a request: None also under another of the server's names,
        which no passkey is for.
        """
        asked = Headers(scope=scope).get("host", "")
        host = host_of(asked)
        site = cls.of(own_url(settings, scope))
        if site is not None and site.rp_id == host:
            return site
        if _is_localhost(host):
            return cls.of(f"{scope['scheme']}://{asked}")
        return None


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")
