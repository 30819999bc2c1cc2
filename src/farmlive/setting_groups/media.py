"""Settings of media: ports, ICE candidates, STUN and TURN, the engine, and its limits."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from farmlive.setting_groups.words import Words

# RFC 7064 and RFC 7065, without what would end a Link header's target.
_ICE_SERVER = re.compile(r"(stuns?:[^\s<>?\"]+|turns?:[^\s<>?\"]+(\?transport=(udp|tcp))?)")


class MediaSettings(BaseModel):
    """Ports, ICE candidates, STUN and TURN, the engine, and its limits."""

    udp_port: int = Field(
        8189, ge=0, le=65535, description="The one UDP port of all media. 0: any free port."
    )
    udp_addresses: Words = Field(
        (),
        description="IP addresses that clients get as ICE candidates, separated by commas, "
        "such as the public address of a NAT. Empty: every address of this "
        "machine.",
    )
    tcp_port: int | Literal["same", "off"] = Field(
        "same",
        description="TCP port for clients whose network blocks UDP, on the same IP addresses. "
        "same: the number of the UDP port; 0: any free port; off or empty: none.",
    )
    turn_urls: Words = Field(
        (),
        description="STUN and TURN servers that clients get, separated by commas, such as "
        "turn:turn.example.org:3478,turns:turn.example.org:443?transport=tcp. "
        "Empty: none.",
    )
    turn_secret: SecretStr = Field(
        SecretStr(""),
        description="coturn's static-auth-secret. Each client then gets credentials that last "
        "a day.",
    )
    turn_username: str = Field(
        "",
        description="User name of all clients at the TURN servers, if there is no secret.",
    )
    turn_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    engine: Literal["auto", "native", "python"] = Field(
        "auto",
        description="Media engine. native: the one in C, in threads of its own; python: its "
        "twin, which needs no C compiler; auto: native if it was built, else "
        "python with a warning.",
    )
    send_threads: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = Field(
        "auto",
        description="Threads in which the native engine encrypts and sends. They share the "
        "viewers, so that the last of many gets a frame sooner. 0: its one "
        "receiving thread sends too; auto: one a core, at most four, and 0 on one "
        "core.",
    )
    link_control: bool = Field(
        True,
        description="Send viewers on weak links no faster than the link carries, and repair no "
        "more than it has room for. Turn it off only to measure what it costs.",
    )
    max_viewers: int = Field(
        10_000, ge=1, description="Viewers of media that this server accepts at once."
    )
    max_connecting_per_address: int = Field(
        400,
        ge=1,
        description="Viewers of one IP address whose media is still connecting; one that has "
        "taken too long makes room for the next. When the server has "
        "FARMLIVE_MAX_VIEWERS, viewers that have not connected make room for new "
        "ones.",
    )
    max_sources: int = Field(8, ge=1, le=64, description="Sources that one broadcast may have.")
    source_grace_s: float = Field(
        30.0,
        gt=0,
        description="Seconds for which a publisher that vanished keeps its place and its viewers.",
    )

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

    @property
    def tcp_port_number(self) -> int | None:
        """The TCP port of media; 0: any free one, None: none."""
        if self.tcp_port == "off":
            return None
        return self.udp_port if self.tcp_port == "same" else self.tcp_port
