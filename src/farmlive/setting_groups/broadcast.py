"""Settings of broadcasts: rate limits of messages, chat, cards and likes, by device and by IP."""

from pydantic import BaseModel, Field


class BroadcastSettings(BaseModel):
    """Rate limits of chat, opened cards and likes."""

    max_channels_per_address: int = Field(
        3000,
        ge=1,
        description="Live channels that one address has open at a time on this server; each takes "
        "a file descriptor and 40 KiB. The block around it (a /24, of IPv6 a /48) has five times "
        "that. Who is signed in is not counted.",
    )
    channel_messages_per_second: int = Field(
        20,
        ge=1,
        description="Messages a second that one live channel takes, of whatever kind, and fifteen "
        "times as many at once; one that sends more is ended. A page sends one or two.",
    )
    address_channel_messages_per_minute: int = Field(
        24_000,
        ge=600,
        description="Messages a minute, of whatever kind, that the channels of one address send "
        "together, one a second from each of 300 phones and a third more; more are answered with "
        "429, and a channel that goes on is ended. The block around it (a /24, of IPv6 a /48) has "
        "five times that. Who is signed in is not counted.",
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
