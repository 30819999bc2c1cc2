"""Settings of broadcasts: rate limits of messages, chat, cards and likes, by device and by IP."""

from pydantic import BaseModel, Field


class BroadcastSettings(BaseModel):
    """Rate limits of chat, opened cards and likes."""

    max_channels_per_address: int = Field(
        3000,
        ge=1,
        description="Live channels that one IP address has open at a time on this server; "
        "each takes a file descriptor and 40 KiB. Its block (a /24, of IPv6 a "
        "/48) has five times that. Signed-in users are not counted.",
    )
    channel_messages_per_second: int = Field(
        20,
        ge=1,
        description="Messages a second, of whatever kind, that one live channel may send, and "
        "fifteen times as many at once. The server closes a channel that sends "
        "more. A page sends one or two.",
    )
    address_channel_messages_per_minute: int = Field(
        24_000,
        ge=600,
        description="Messages a minute, of whatever kind, that the channels of one IP address "
        "may send together: one a second from each of 300 phones and a third "
        "more. Further messages get 429, and a channel that goes on is closed. "
        "Its block (a /24, of IPv6 a /48) has five times that. Signed-in users "
        "are not counted.",
    )
    chats_per_minute: int = Field(20, ge=1, description="Chat messages a minute from one device.")
    address_chats_per_minute: int = Field(
        600,
        ge=1,
        description="Chat messages a minute from one IP address: two each from 300 phones, "
        "also at one moment. Its block (a /24, of IPv6 a /48) has five times "
        "that.",
    )
    address_taps_per_minute: int = Field(
        600,
        ge=1,
        description="Card taps a minute from one IP address that the figures count; a card "
        "opens all the same. Its block has five times that.",
    )
    address_hearts_per_minute: int = Field(
        18_000,
        ge=20,
        description="Likes a minute from one IP address that the figures count, one a second "
        "from each of 300 phones. Its block has five times that.",
    )
    address_new_devices_per_minute: int = Field(
        360,
        ge=1,
        description="Devices a minute from one IP address that write, open a card or like for "
        "the first time. Its block has five times that. Watching does not count.",
    )
