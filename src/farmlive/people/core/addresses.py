"""The origin of a request: the client's IP, which limits count by, and whether another site sent
it.

Pure decisions about headers; guard.py acts on them.
"""

import contextlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import AF_INET, inet_pton
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from farmlive.setting_groups.server import NO_PROXY

Address = IPv4Address | IPv6Address


# Headers by which a proxy forwards the client's IP; clients themselves do not send them.
_FORWARDING = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
# Loopback and private networks, where the operator's own proxies are (RFC 1918, RFC 3927, RFC 4193,
# RFC 4291). Not the shared space of RFC 6598: a carrier's customers have addresses there.
_NEAR = [
    ip_network(word)
    for word in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]


class Proxies:
    """The proxies whose `X-Forwarded-For` is trusted; detects untrusted ones."""

    def __init__(self, trusted: Iterable[str]):
        words = list(trusted)
        self._none = words == [NO_PROXY]
        try:
            self._networks = [ip_network(word, strict=False) for word in words if not self._none]
        except ValueError as error:
            raise ValueError(
                f"FARMLIVE_TRUSTED_PROXIES: {error}; write addresses or networks, such as "
                "127.0.0.1 or 10.0.0.0/8"
            ) from None

    def client(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """Return the client's IP: the last one in the chain that is not a trusted proxy.

        `peer` is the IP that connected, `forwarded_for` the headers as received. Only a trusted
        proxy's entries are believed, so the chain is read from its end. An IPv6 address, except
        loopback, is returned as its /64, which is one household's.
        """
        address = _parse(peer)
        if address is None:
            return peer
        hops = [hop for header in forwarded_for for hop in header.split(",")]
        while hops and self._trusts(address):
            before = _parse(hops.pop().strip())
            if before is None:
                break
            address = before
        return _household(address)

    def is_unnamed(self, peer: str, headers: Headers) -> bool:
        """Return whether `peer` is a proxy, by its headers, that is not configured as trusted.

        All its clients share its IP, so nothing can be counted by it. A stranger must not escape
        the limits by adding a header: only a peer on this machine or in a private network counts as
        a proxy.
        """
        if self._none or not is_forwarded(headers):
            return False
        address = _parse(peer)
        if address is None:
            return True  # the peer is a Unix socket
        return not self._trusts(address) and any(address in network for network in _NEAR)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def is_ip(text: str) -> bool:
    """Return whether it is an IP, or an IPv6 network as `Proxies.client` returns it."""
    return _parse(text.partition("/")[0]) is not None


def normalize_ip(text: str) -> str:
    """Return a typed IP in the form of `Proxies.client`. Raises ValueError."""
    address, slash, _ = text.strip().partition("/")
    found = _parse(address)
    if found is None or (slash and isinstance(found, IPv4Address)):
        raise ValueError("Write one address, such as 203.0.113.7 or 2001:db8::1.")
    return _household(found)


def is_forwarded(headers: Headers) -> bool:
    """Return whether the headers say that a proxy forwarded the request."""
    return any(name in headers for name in _FORWARDING)


@lru_cache(maxsize=4096)
def block_of(address: str | None) -> str | None:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 one: what one network assigns.

    Other texts, such as a Unix socket's, are returned unchanged; None stays None.
    """
    if address is None:
        return None
    # Nearly every order has a new IP, and `ip_network` costs ten times as much as this.
    with contextlib.suppress(OSError, ValueError):
        inet_pton(AF_INET, address)
        return f"{address.rpartition('.')[0]}.0/24"
    try:
        network = ip_network(address, strict=False)
    except ValueError:
        return address
    return str(network.supernet(new_prefix=24 if network.version == 4 else 48))


def is_loopback(address: str) -> bool:
    """Return whether the IP is this machine's own loopback."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def is_cross_site(headers: Headers, own_url: str) -> bool:
    """Return whether a page of another origin sent the request, by its browser's headers.

    `Origin` must be the requested host, or `own_url`. If it is missing or opaque (`null`),
    `Sec-Fetch-Site`, which no page can set, decides. Programs send neither.
    """
    origin = headers.get("origin", "null")
    if origin == "null":
        site = headers.get("sec-fetch-site")
        return site not in ("same-origin", "none") if site else "origin" in headers
    sender = _host_and_port(origin)
    asked = f"{urlsplit(origin).scheme}://{headers.get('host', '')}" if sender else ""
    return sender is None or sender not in (_host_and_port(asked), _host_and_port(own_url))


def _host_and_port(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None


def _household(address: Address) -> str:
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _parse(text: str) -> Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
