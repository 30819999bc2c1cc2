"""Every setting of the server: one class, `FARMLIVE_*` in the environment, each with its meaning
and unit.

setting_groups/ has the fields of each room; docs/settings.md is generated from all of them.
"""

import difflib
from collections.abc import Iterable
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from farmlive.setting_groups.broadcast import BroadcastSettings
from farmlive.setting_groups.media import MediaSettings
from farmlive.setting_groups.notices import NoticeSettings
from farmlive.setting_groups.origin import OriginSettings
from farmlive.setting_groups.people import PeopleSettings
from farmlive.setting_groups.retention import RetentionSettings
from farmlive.setting_groups.server import ServerSettings
from farmlive.setting_groups.shop import ShopSettings
from farmlive.setting_groups.uploads import UploadSettings


# pydantic orders fields from the last base to the first, and docs/settings.md lists them in that
# order.
class Settings(
    RetentionSettings,
    OriginSettings,
    UploadSettings,
    BroadcastSettings,
    NoticeSettings,
    ShopSettings,
    PeopleSettings,
    MediaSettings,
    ServerSettings,
    BaseSettings,
):
    """The settings of one server; read once at start."""

    # An error with its input would reveal passwords.
    model_config = SettingsConfigDict(
        env_prefix="FARMLIVE_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "CNY", description="ISO 4217 code of the prices that staff enter."
    )
    time_zone: str = Field(
        "Asia/Shanghai", description="IANA time zone of times on pages and sheets."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity of the log's lines."
    )

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
    def _ports_apart(self) -> Self:
        # With different hosts, both may use one port; a name may resolve to any of them.
        port = self.tcp_port_number
        every = not self.udp_addresses or not self.host.strip("0.:")  # 0.0.0.0, ::
        if port and port == self.port and (every or self.host in self.udp_addresses):
            meant = "the same as FARMLIVE_UDP_PORT, " if self.tcp_port == "same" else ""
            raise ValueError(
                f"FARMLIVE_TCP_PORT, the port of media ({meant}{port}), is farmlive's own HTTP "
                "port, too: set FARMLIVE_TCP_PORT or FARMLIVE_PORT to another number"
            )
        return self


def set_nothing(environment: Iterable[str]) -> list[str]:
    """Return a sentence for each name FARMLIVE_* that is no setting, with the probably intended
    one.
    """
    told = []
    for variable in sorted(environment):
        prefix, name = variable[:9].upper(), variable[9:].lower()
        if prefix != "FARMLIVE_" or name in Settings.model_fields or name.startswith("test_"):
            continue
        meant = difflib.get_close_matches(name, Settings.model_fields, 1)
        hint = f"did you mean {prefix}{meant[0].upper()}?" if meant else "see docs/settings.md"
        told.append(f"{variable} is no setting and does nothing: {hint}")
    return told
