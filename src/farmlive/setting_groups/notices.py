"""Settings of buyers' notices: providers, and rate limits of those that strangers cause."""

import re
from email.utils import parseaddr
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from farmlive.setting_groups.words import Words


class NoticeSettings(BaseModel):
    """Providers of notices, and rate limits of those that strangers cause."""

    notices: Words = Field(
        ("file",),
        description="How buyers get notices about their orders, separated by commas. file: "
        "lines of JSON in the data folder's outbox, one a phone number, for a "
        "program that sends them on; smtp: e-mail; off: no notices.",
    )
    notices_per_hour: int = Field(
        3,
        ge=1,
        description="Notices an hour to one phone number or e-mail address that a stranger "
        "can cause, by ordering, by cancelling, or by requesting a code. Further "
        "notices are held back, and staff may send them; further codes are not "
        "sent.",
    )
    notices_per_day: int = Field(10, ge=1, description="The same, in 24 hours.")
    notices_per_address: int = Field(
        300,
        ge=1,
        description="Notices to anyone that strangers can cause from one IP address in a "
        "clock hour, enough for a village behind one. Its block (a /24, of IPv6 a "
        "/48) has ten times that.",
    )
    notice_prefixes: Words = Field(
        ("+86",),
        description="Prefixes of the phone numbers to which a stranger can cause notices, "
        "separated by commas, such as +86,+852. any: every number.",
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
        description="Mail server: smtps://name:password@host for TLS from the start (port "
        "465), or smtp://name:password@host for STARTTLS (port 587), which the "
        "server must offer unless it is on this machine.",
    )
    smtp_from: str = Field(
        "", description="Sender of e-mails, such as Youxi farms <orders@example.org>."
    )

    @field_validator("notices")
    @classmethod
    def _providers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value in ((), ("off",)):
            return ()
        if not {"file", "smtp"}.issuperset(value):
            raise ValueError("write file, smtp, both with a comma between them, or off")
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

    @model_validator(mode="after")
    def _mail(self) -> Self:
        if "smtp" in self.notices and not (self.smtp_url.get_secret_value() and self.smtp_from):
            raise ValueError(
                "FARMLIVE_NOTICES names smtp: set FARMLIVE_SMTP_URL and FARMLIVE_SMTP_FROM"
            )
        return self

    @property
    def notice_gather_ms(self) -> int:
        """`notice_gather_minutes` in milliseconds."""
        return round(self.notice_gather_minutes * 60_000)
