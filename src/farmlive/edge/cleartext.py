"""Unencrypted links: between browsers and this server, and between it and its database.

Decided from the settings alone; logged at the start, and shown to coordinators on the studio's
pages until it is fixed.
"""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from farmlive.setting_groups.server import NO_PROXY
from farmlive.settings import Settings

Link = Literal["http", "database"]

_SAID: dict[Link, str] = {
    "http": "HTTP is served beyond this machine without TLS: passwords and buyers' data can be "
    "read on the way. Set FARMLIVE_PUBLIC_URL to the https address of a proxy, or "
    "FARMLIVE_TLS_CERT and FARMLIVE_TLS_KEY (docs/operator.md, Caddy)",
    "database": "PostgreSQL is on another machine and TLS is not demanded: passwords and buyers' "
    "data can be read on the way. Add sslmode=verify-full to FARMLIVE_DATABASE_URL "
    "(docs/operator.md, PostgreSQL)",
}
# Modes that refuse an unencrypted connection (libpq, section 34.19); the default, prefer, does not.
_ENCRYPTED = ("require", "verify-ca", "verify-full")

_log = structlog.get_logger(__name__)


def cleartext_links(settings: Settings) -> list[Link]:
    """Return the links for which no setting requires encryption."""
    found: list[Link] = []
    if _serves_plainly(settings):
        found.append("http")
    if _asks_plainly(settings.database_url):
        found.append("database")
    return found


def warn(settings: Settings) -> None:
    """Log each unencrypted link."""
    for link in cleartext_links(settings):
        _log.warning(_SAID[link])


def _serves_plainly(settings: Settings) -> bool:
    if settings.secure:
        return False
    if settings.public_url:
        return not _is_here(urlsplit(settings.public_url).hostname or "")
    proxies = settings.trusted_proxies
    if proxies and proxies != (NO_PROXY,):  # the proxy may have the certificate
        return False
    return not _is_here(settings.host)


def _asks_plainly(database_url: str) -> bool:
    if not database_url:
        return False
    try:
        url = make_url(database_url)
    except ArgumentError:  # the store reports what is wrong with it
        return False

    def given(name: str, variable: str) -> str:
        value = url.query.get(name, os.environ.get(variable, ""))
        return value if isinstance(value, str) else ",".join(value)

    if given("sslmode", "PGSSLMODE") in _ENCRYPTED or given("gssencmode", "PGGSSENCMODE") == (
        "require"
    ):
        return False
    hosts = given("hostaddr", "PGHOSTADDR") or url.host or given("host", "PGHOST")
    return any(not _is_here(host) for host in _each(hosts))


def _each(hosts: str) -> Iterator[str]:
    for host in hosts.split(","):
        # SQLAlchemy may have the port in the host.
        yield host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_here(host: str) -> bool:
    """Return whether the host is this machine: a loopback IP, its name, a Unix socket, or empty."""
    host = host.strip("[]").lower().removesuffix(".")
    if not host or host[0] in "/@" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
