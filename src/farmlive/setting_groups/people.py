"""Settings of people: sessions, stream keys, and rate limits by IP."""

from pydantic import BaseModel, Field


class PeopleSettings(BaseModel):
    """Sessions, stream keys, and rate limits by IP."""

    session_days: int = Field(
        14, ge=1, le=400, description="Days after which a sign-in ends, however it is used."
    )
    session_idle_minutes: int = Field(
        720,
        ge=1,
        description="Minutes without use after which a sign-in ends. What a page reads by itself "
        "is no use of it; an open live channel of a broadcast on air is.",
    )
    require_second_factor: bool = Field(
        False,
        description="Whether coordinators and hosts need a second factor to sign in. An account "
        "has seven days for it from when it is first asked; then a sign-in leads to setting one "
        "up. Who is signed in stays so.",
    )
    studio_key_minutes: int = Field(
        720, ge=1, description="Minutes for which the stream key of the studio's own camera works."
    )
    audit_days: int = Field(
        1095,
        ge=1,
        description="Days for which the audit list keeps an entry.",
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
