"""Settings of people: sessions, stream keys, and rate limits by IP."""

from pydantic import BaseModel, Field


class PeopleSettings(BaseModel):
    """Sessions, stream keys, and rate limits by IP."""

    session_days: int = Field(
        14, ge=1, le=400, description="Days after which a session ends, however much it is used."
    )
    session_idle_minutes: int = Field(
        720,
        ge=1,
        description="Minutes without use after which a session ends. Requests that a page "
        "sends by itself don't count as use; an open live channel of a broadcast "
        "on air does.",
    )
    require_second_factor: bool = Field(
        False,
        description="Whether coordinators and hosts need a second factor. An account has "
        "seven days from the first notice; then its next sign-in begins with "
        "setting one up. Open sessions stay signed in.",
    )
    studio_key_minutes: int = Field(
        720, ge=1, description="Minutes for which the stream key of the studio's own camera works."
    )
    audit_days: int = Field(
        1095,
        ge=1,
        description="Days for which the audit log keeps an entry.",
    )
    joins_per_minute: int = Field(
        3000,
        ge=1,
        description="New channels and media sessions a minute from one IP address, enough for "
        "a village behind one. Changing or ending a session is allowed four times "
        "as often, and looking at what it gets as often again.",
    )
    sign_ins_per_minute: int = Field(
        10,
        ge=1,
        description="Wrong passwords a minute from one IP address or for one name (ten times "
        "that from its block, a /24, of IPv6 a /48). A device on which the "
        "account signed in before has the same limit for itself alone. Also wrong "
        "stream keys a minute from one IP address for one broadcast. Further "
        "tries are refused unchecked.",
    )
