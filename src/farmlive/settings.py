"""Every setting of the server: one class, `FARMLIVE_*` in the environment, each with its meaning
and unit. The reference in docs/settings.md is made from this file.
"""

import difflib
import re
from collections.abc import Iterable
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Words = Annotated[tuple[str, ...], NoDecode]

# RFC 7064 and RFC 7065, without what would end a Link header's target.
_ICE_SERVER = re.compile(r"(stuns?:[^\s<>?\"]+|turns?:[^\s<>?\"]+(\?transport=(udp|tcp))?)")


# As the one trusted proxy: none stands before the server, whatever a header says.
NO_PROXY = "none"


class Settings(BaseSettings):
    """The settings of one server; read once at start."""

    # An error that showed its input would show passwords.
    model_config = SettingsConfigDict(
        env_prefix="FARMLIVE_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    data: Path = Field(
        Path("farmlive-data"),
        description="Folder that holds everything the server keeps: database, pictures, keys.",
    )
    public_url: str = Field(
        "",
        description="The address that people open, such as https://live.example.org, without a "
        "path. Cookies are Secure when it is https. Empty: http:// with host and port. Where it is "
        "set, requests that name another host are refused (421).",
    )
    extra_hosts: Words = Field(
        (),
        description="Other host names under which the server answers, separated by commas, such "
        "as www.example.org; loopback names always do.",
    )
    host: str = Field("127.0.0.1", description="Address on which HTTP and the channel listen.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port of HTTP and the channel.")
    tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain, to serve HTTPS without a proxy."
    )
    tls_key: Path | None = Field(None, description="PEM file with the key of that certificate.")
    trusted_proxies: Words = Field(
        (),
        description="Addresses or networks, separated by commas, of the proxies whose "
        "X-Forwarded-For is believed, such as 127.0.0.1. Where a proxy of this machine or of a "
        "private network is not named, nothing is limited by address, and staff read so. none: no "
        "proxy stands before the server, and such headers mean nothing.",
    )
    database_url: str = Field(
        "",
        description="postgresql://user:password@host/name for PostgreSQL. Empty: SQLite in the "
        "data folder.",
    )
    redis_url: str = Field(
        "",
        description="redis://host:port/0 to join several servers. Empty: this process serves "
        "alone.",
    )
    udp_port: int = Field(
        8189, ge=0, le=65535, description="The one UDP port of all media. 0: any free port."
    )
    udp_addresses: Words = Field(
        (),
        description="Addresses told to clients as candidates, separated by commas; a public "
        "address before a NAT goes here. Empty: every address of this machine.",
    )
    tcp_port: int | Literal["same", "off"] = Field(
        "same",
        description="The TCP port on which those send and watch whose network lets no UDP through, "
        "on the same addresses. same: the number of the UDP port; 0: any free port; off or empty: "
        "none.",
    )
    turn_urls: Words = Field(
        (),
        description="STUN and TURN servers that clients are told of, separated by commas, such as "
        "turn:turn.example.org:3478,turns:turn.example.org:443?transport=tcp. Empty: none.",
    )
    turn_secret: SecretStr = Field(
        SecretStr(""),
        description="The secret that coturn has as static-auth-secret: each client then gets "
        "credentials that last a day.",
    )
    turn_username: str = Field(
        "",
        description="The name that all clients use at the TURN servers, where there is no secret.",
    )
    turn_password: SecretStr = Field(SecretStr(""), description="The password of that name.")
    engine: Literal["auto", "native", "python"] = Field(
        "auto",
        description="What media passes through. native: the engine in C, in threads of its own; "
        "python: its twin, which needs no C compiler where farmlive is installed; auto: native "
        "where it was built, else python with a warning.",
    )
    send_threads: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = Field(
        "auto",
        description="Threads in which the native engine encrypts and sends; viewers are shared "
        "among them, so that the last of many gets a frame sooner. 0: its one thread, which "
        "receives, does that too; auto: one a core, four at most, and 0 on one core.",
    )
    max_viewers: int = Field(
        10_000, ge=1, description="Viewers of media that this server takes at once."
    )
    max_connecting_per_address: int = Field(
        400,
        ge=1,
        description="Viewers of one address whose media has not connected yet; one that should "
        "have by now makes room for the next. Where FARMLIVE_MAX_VIEWERS are here, those that have "
        "not connected make room for whoever comes.",
    )
    max_sources: int = Field(8, ge=1, le=64, description="Sources that one broadcast may have.")
    source_grace_s: float = Field(
        30.0,
        gt=0,
        description="Seconds for which a publisher that vanished keeps its place and its viewers.",
    )
    session_days: int = Field(14, ge=1, description="Days for which a sign-in lasts.")
    studio_key_minutes: int = Field(
        720, ge=1, description="Minutes for which the stream key of the studio's own camera works."
    )
    joins_per_minute: int = Field(
        3000,
        ge=1,
        description="New channels and media sessions a minute from one address; wide enough for "
        "a village behind one address. A session may be changed or ended four times as often.",
    )
    sign_ins_per_minute: int = Field(
        10,
        ge=1,
        description="Wrong passwords a minute from one address or for one name (ten times that "
        "from the block around the address, a /24, of IPv6 a /48), and from a device on which the "
        "account signed in before, which no others count against; and wrong stream keys a minute "
        "from one address for one broadcast. More are not tried.",
    )
    orders_per_minute: int = Field(
        60,
        ge=1,
        description="Orders a minute from one device, and for one phone number; an address has "
        "twenty times that, and the block around it (a /24, of IPv6 a /48) a thousand times. "
        "What is refused counts a third for the address. Who is signed in counts by the device "
        "and the phone alone. "
        "Holds, and places in waiting lists, are each counted apart by the same number, and giving "
        "them up by twice that.",
    )
    order_proof_bits: int = Field(
        0,
        ge=0,
        le=24,
        description="Zero bits with which the SHA-256 of the proof of work begins that each order, "
        "hold and place in a waiting list needs, against those who take stock by the thousand: 16 "
        "cost a telephone two to four seconds on average and a desk half a second, sometimes three "
        "times that; each more doubles it. Who is signed in needs none. 0: nobody needs one.",
    )
    phone_country: str = Field(
        "CN",
        description="ISO 3166-1 code of the country of phone numbers that are written without one. "
        "Set it before the first order: numbers that are kept stay as they are.",
    )
    order_boxes: int = Field(
        20,
        ge=1,
        description="Boxes that one order, hold or place in a waiting list may have, over all its "
        "lines. Staff and clerks may order more.",
    )
    device_boxes: int = Field(
        40,
        ge=1,
        description="Boxes of one offer that one device, and one phone number, may have held and "
        "ordered and not yet packed. Staff and clerks may have more.",
    )
    address_boxes: int = Field(
        400,
        ge=1,
        description="The same for one network address, which may be a village's; as many may be "
        "waited for there. Staff and clerks there may have more, and what they order is not "
        "counted.",
    )
    rush_share: int = Field(
        40,
        ge=0,
        le=100,
        description="Percent of the boxes that an offer has left: where devices without a past "
        "order take more than that within a minute, and more than one order may have, they need a "
        "proof of work for it, until five minutes after the last such minute. By holds alone they "
        "can't take more than 50. 0: never.",
    )
    rush_proof_bits: int = Field(
        14,
        ge=1,
        le=24,
        description="How hard that proof is, as FARMLIVE_ORDER_PROOF_BITS says: 14 cost a "
        "telephone half a second to a second on average.",
    )
    flag_orders: int = Field(
        5,
        ge=1,
        description="Orders for one phone number in one broadcast; a further one is marked for "
        "staff to look at before it is packed.",
    )
    flag_phones: int = Field(
        3,
        ge=1,
        description="Phone numbers for which one device orders in one broadcast; an order for a "
        "further one is marked. A clerk's device is for many.",
    )
    flag_total: int = Field(
        200_000,
        ge=1,
        description="Sum, in minor units, above which an order is marked: 200000 is 2,000.00.",
    )
    hold_minutes: float = Field(
        10.0,
        gt=0,
        le=1440,
        description="Minutes for which what a buyer chose is kept while the order is written; "
        "renewed, at most three times that since it was first held.",
    )
    price_grace_s: float = Field(
        10.0,
        ge=0,
        le=600,
        description="Seconds for which a buyer still gets the price seen before it changed.",
    )
    notices: Words = Field(
        ("file",),
        description="What tells buyers of their orders, separated by commas. file: lines of JSON "
        "in the data folder's outbox, a phone number each, for whatever sends them on; smtp: "
        "e-mail; off: nobody is told.",
    )
    notices_per_hour: int = Field(
        3,
        ge=1,
        description="Notices an hour to one phone number or mail address that a stranger can "
        "cause, by ordering or by calling off. More are held back, and staff may send them.",
    )
    notices_per_day: int = Field(10, ge=1, description="The same, in 24 hours.")
    notices_per_address: int = Field(
        300,
        ge=1,
        description="Notices to anyone that strangers can cause from one address in a clock hour; "
        "the block around it (a /24, of IPv6 a /48) has ten times that. Wide enough for a village "
        "behind one address.",
    )
    notice_prefixes: Words = Field(
        ("+86",),
        description="How a phone number begins, country and more, to which a stranger can cause "
        "notices, separated by commas, such as +86,+852. any: every number.",
    )
    notice_gather_minutes: float = Field(
        10.0,
        ge=0,
        le=1440,
        description="Minutes for which a notice that staff cause waits for others to the same "
        "number, so that they go as one message. 0: each goes at once.",
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="The mail server, as smtps://name:password@host for TLS from the start (port "
        "465) or smtp://name:password@host for STARTTLS (port 587), which it must offer unless it "
        "is on this machine.",
    )
    smtp_from: str = Field(
        "", description="Who mails are from, such as Youxi farms <orders@example.org>."
    )
    chats_per_minute: int = Field(20, ge=1, description="Chat messages a minute from one device.")
    address_chats_per_minute: int = Field(
        600,
        ge=1,
        description="Chat messages a minute from one address: 300 phones behind it write two each, "
        "at one moment too. The block around it (a /24, of IPv6 a /48) has five times that.",
    )
    address_taps_per_minute: int = Field(
        600,
        ge=1,
        description="Cards opened a minute from one address that stand in the figures; more are "
        "shown and not counted. The block around it has five times that.",
    )
    address_hearts_per_minute: int = Field(
        18_000,
        ge=20,
        description="Likes a minute from one address that stand in the figures, one a second from "
        "each of 300 phones; more are not counted. The block around it has five times that.",
    )
    address_new_devices_per_minute: int = Field(
        360,
        ge=1,
        description="Devices a minute from one address that write, open a card or like for the "
        "first time; the block around it has five times that. Watching counts nothing.",
    )
    max_body_kib: int = Field(1024, ge=16, description="Largest HTTP body, KiB, uploads aside.")
    max_upload_mib: int = Field(
        12, ge=1, le=100, description="Largest picture or certificate that is taken, MiB."
    )
    upload_mib_per_day: int = Field(
        500,
        ge=1,
        description="What one account, or one API key, may send of pictures and certificates "
        "within 24 hours, MiB as kept: a picture takes about 0.3, a PDF what it has.",
    )
    photos_per_order: int = Field(
        24, ge=1, description="Photos kept of one order, for all its claims together."
    )
    max_yield_g_per_m2: int = Field(
        10_000,
        ge=1,
        description="What a plot can bear within a calendar year, grams a square metre: a harvest "
        "that brings it above that asks for a reason, which everyone reads. 10000 is a hundred "
        "tonnes a hectare; kumquats bear a third of that.",
    )
    sell_tested_only: bool = Field(
        False,
        description="Sell no lot without a passed test; the same on all servers of one database. "
        "What was sold before is packed and handed over.",
    )
    sell_certified_only: bool = Field(
        False, description="Sell no lot without a certificate of a passed test; as above."
    )
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "CNY", description="ISO 4217 code of the prices that staff enter."
    )
    time_zone: str = Field(
        "Asia/Shanghai", description="IANA time zone in which pages and sheets write times."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )

    @field_validator(
        "extra_hosts",
        "trusted_proxies",
        "udp_addresses",
        "turn_urls",
        "notices",
        "notice_prefixes",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

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

    @field_validator("udp_addresses")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            try:
                ip_address(word)
            except ValueError:
                raise ValueError(
                    f"{word!r} is no IP address; write one such as 203.0.113.7, not a name"
                ) from None
        return value

    @field_validator("tcp_port", mode="before")
    @classmethod
    def _port_or_word(cls, value: object) -> object:
        word = str(value).strip() or "off"
        if word in ("same", "off") or (word.isdecimal() and int(word) <= 65535):
            return word if word in ("same", "off") else int(word)
        raise ValueError("write a port up to 65535, or same, or off")

    @field_validator("turn_urls")
    @classmethod
    def _ice_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if not _ICE_SERVER.fullmatch(word):
                raise ValueError(
                    f"{word!r} is no address of a STUN or TURN server; write one such as "
                    "turn:turn.example.org:3478"
                )
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

    @field_validator("notices")
    @classmethod
    def _providers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value in ((), ("off",)):
            return ()
        if not {"file", "smtp"}.issuperset(value):
            raise ValueError("write file, smtp, both with a comma between them, or off")
        return value

    @field_validator("phone_country")
    @classmethod
    def _country(cls, value: str) -> str:
        if value not in SUPPORTED_REGIONS:
            raise ValueError("write the two capital letters of a country, such as CN")
        return value

    @field_validator("notice_prefixes")
    @classmethod
    def _prefixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == ("any",):
            return ("",)
        for word in value:
            if not re.fullmatch(r"\+[1-9][0-9]{0,14}", word):
                raise ValueError(f"{word!r} is no prefix; write one such as +86, or any")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if not url:
            return value
        wrong = "write the mail server as smtps://name:password@host or smtp://…"
        parts = urlsplit(url)
        try:
            whole = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
        except ValueError:
            whole = None
        if not whole or parts.path not in ("", "/"):
            raise ValueError(wrong)
        return value

    @field_validator("smtp_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        name, _, domain = parseaddr(value)[1].rpartition("@")
        if value and not (name and "." in domain and value.isprintable()):
            raise ValueError("write an address such as Youxi farms <orders@example.org>")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("write the address as redis://host:port/0")
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, LookupError):
            raise ValueError(
                "there is no such time zone; write one such as Asia/Shanghai"
            ) from None
        return value

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("set FARMLIVE_TLS_CERT and FARMLIVE_TLS_KEY, or neither of them")
        return self

    @model_validator(mode="after")
    def _mail(self) -> Self:
        if "smtp" in self.notices and not (self.smtp_url.get_secret_value() and self.smtp_from):
            raise ValueError(
                "FARMLIVE_NOTICES names smtp: set FARMLIVE_SMTP_URL and FARMLIVE_SMTP_FROM"
            )
        return self

    @model_validator(mode="after")
    def _turn_credentials(self) -> Self:
        secret = bool(self.turn_secret.get_secret_value())
        named = bool(self.turn_username), bool(self.turn_password.get_secret_value())
        turn = any(url.startswith("turn") for url in self.turn_urls)
        if named[0] != named[1]:
            raise ValueError("set FARMLIVE_TURN_USERNAME and FARMLIVE_TURN_PASSWORD, or neither")
        if secret and named[0]:
            raise ValueError("set FARMLIVE_TURN_SECRET or FARMLIVE_TURN_USERNAME, not both")
        if turn and not secret and not named[0]:
            raise ValueError(
                "FARMLIVE_TURN_URLS names a TURN server: set FARMLIVE_TURN_SECRET, or "
                "FARMLIVE_TURN_USERNAME and FARMLIVE_TURN_PASSWORD"
            )
        if not turn and (secret or named[0]):
            given = (
                "FARMLIVE_TURN_SECRET needs"
                if secret
                else "FARMLIVE_TURN_USERNAME and FARMLIVE_TURN_PASSWORD need"
            )
            raise ValueError(
                f"{given} a TURN server: set FARMLIVE_TURN_URLS to its address, such as "
                "turn:turn.example.org:3478"
            )
        return self

    @model_validator(mode="after")
    def _ports_apart(self) -> Self:
        # Where the addresses differ, one number serves both; a name may be any of them.
        port = self.tcp_port_number
        every = not self.udp_addresses or not self.host.strip("0.:")  # 0.0.0.0, ::
        if port and port == self.port and (every or self.host in self.udp_addresses):
            meant = "the same as FARMLIVE_UDP_PORT, " if self.tcp_port == "same" else ""
            raise ValueError(
                f"FARMLIVE_TCP_PORT, the port of media ({meant}{port}), is farmlive's own HTTP "
                "port, too: set FARMLIVE_TCP_PORT or FARMLIVE_PORT to another number"
            )
        return self

    @property
    def tcp_port_number(self) -> int | None:
        """The TCP port of media; 0: any free one, None: none."""
        if self.tcp_port == "off":
            return None
        return self.udp_port if self.tcp_port == "same" else self.tcp_port

    @property
    def url(self) -> str:
        """The address that people open, without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def notice_gather_ms(self) -> int:
        """`notice_gather_minutes` in milliseconds."""
        return round(self.notice_gather_minutes * 60_000)

    @property
    def price_grace_ms(self) -> int:
        """`price_grace_s` in milliseconds."""
        return round(self.price_grace_s * 1000)

    @property
    def secure(self) -> bool:
        """Whether people reach the server by https, so that cookies are Secure."""
        return self.url.startswith("https://")


def set_nothing(environment: Iterable[str]) -> list[str]:
    """A sentence for each name FARMLIVE_* that sets nothing, with the setting that was meant."""
    told = []
    for variable in sorted(environment):
        prefix, name = variable[:9].upper(), variable[9:].lower()
        if prefix != "FARMLIVE_" or name in Settings.model_fields or name.startswith("test_"):
            continue
        meant = difflib.get_close_matches(name, Settings.model_fields, 1)
        hint = f"did you mean {prefix}{meant[0].upper()}?" if meant else "see docs/settings.md"
        told.append(f"{variable} is no setting and does nothing: {hint}")
    return told
