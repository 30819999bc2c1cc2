"""Settings of the server itself: data folder, URLs, TLS, proxies, database and Redis."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator, model_validator

from farmlive.setting_groups.words import Words

# A value of trusted_proxies: there is no proxy, so forwarding headers are ignored.
NO_PROXY = "none"
_NODE_URL = re.compile(r"https?://([\w.-]{1,150}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


class ServerSettings(BaseModel):
    """Data folder, URLs, TLS, proxies, database and Redis."""

    data: Path = Field(
        Path("farmlive-data"),
        description="Folder with everything that the server keeps: database, pictures, keys.",
    )
    key_file: Path | None = Field(
        None,
        description="File with the keys from which order links, pick-up codes and pseudonyms "
        "are derived; the same for all servers of a database. Empty: `keys` in "
        "the data folder.",
    )
    public_url: str = Field(
        "",
        description="URL that people open, such as https://live.example.org, without a path. "
        "Cookies are Secure when it is https. Requests that name another host are "
        "refused (421). Empty: http:// with host and port, and every host is "
        "answered.",
    )
    extra_hosts: Words = Field(
        (),
        description="Other host names under which the server answers, separated by commas, "
        "such as www.example.org. Loopback names always work.",
    )
    host: str = Field("127.0.0.1", description="IP address on which HTTP and the channel listen.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port of HTTP and the channel.")
    tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain, to serve HTTPS without a proxy."
    )
    tls_key: Path | None = Field(None, description="PEM file with the key of that certificate.")
    trusted_proxies: Words = Field(
        (),
        description="IP addresses or networks of the proxies whose X-Forwarded-For is "
        "trusted, separated by commas, such as 127.0.0.1. If a proxy on this "
        "machine or in a private network is not named, nothing is limited by IP "
        "address, and staff see a notice. none: there is no proxy, and such "
        "headers are ignored.",
    )
    database_url: str = Field(
        "",
        description="postgresql://user:password@host/name for PostgreSQL. Empty: SQLite in the "
        "data folder.",
    )
    redis_url: str = Field(
        "",
        description="redis://host:port/0 to connect several servers. Empty: this process "
        "serves alone.",
    )

    node_url: str = Field(
        "",
        description="URL at which the other servers on a PostgreSQL database reach this one, "
        "such as http://10.0.0.2:8000, without a path. They forward to it the "
        "requests about its cameras and viewers. Each server has its own. Empty: "
        "this server stands alone, or a proxy sends each broadcast to one server.",
    )

    @field_validator("extra_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if not re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]", word):
                raise ValueError(
                    f"{word!r} is no host; write a name such as www.example.org, without a port"
                )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == (NO_PROXY,):
            return value
        for word in value:
            if word == NO_PROXY:
                raise ValueError("write none, or the proxies' addresses, not both")
            ip_network(word, strict=False)
        return value

    @field_validator("public_url")
    @classmethod
    def _no_path(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("write the address with http:// or https://")
        if value and "/" in value.partition("://")[2]:
            raise ValueError("write the address without a path: farmlive needs a host of its own")
        return value

    @field_validator("node_url")
    @classmethod
    def _node(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and not _NODE_URL.fullmatch(value):
            raise ValueError("write the address as http://host:port or https://host:port")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("write the address as redis://host:port/0")
        return value

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("set FARMLIVE_TLS_CERT and FARMLIVE_TLS_KEY, or neither of them")
        return self

    @property
    def url(self) -> str:
        """The address that people open, without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether people reach the server by https, so that cookies are Secure."""
        return self.url.startswith("https://")
