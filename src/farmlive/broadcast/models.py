"""The shapes of broadcasts in the API and of the channel's messages that this room answers."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from farmlive.bilingual import Bilingual, one_line
from farmlive.broadcast.mutes import Duration
from farmlive.clock import parse_rfc3339
from farmlive.commands import Message
from farmlive.edge.paging import Listing
from farmlive.people.core.nicknames import is_blank
from farmlive.public_text import PublicBilingual

OfferId = Annotated[str, Field(min_length=1, max_length=26)]
# No log has more, and no database keeps a larger number.
Seq = Annotated[int, Field(ge=1, le=2**53)]


def _seen(text: str) -> str:
    if is_blank(text):
        raise ValueError("Write something that can be seen.")
    return text


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300),
    BeforeValidator(one_line),
    AfterValidator(_seen),
]
Nickname = Annotated[str, StringConstraints(max_length=24), BeforeValidator(one_line)]


class Broadcast(BaseModel):
    """A broadcast; times are RFC 3339."""

    id: str
    title: Bilingual
    note: Bilingual | None
    state: Literal["scheduled", "live", "ended"]
    starts_at: str | None
    started_at: str | None
    ended_at: str | None


class BroadcastList(Listing):
    """Broadcasts, live ones first, then what comes next, then what has ended."""

    broadcasts: list[Broadcast]


class NewBroadcast(BaseModel):
    """A broadcast to schedule; without `starts_at` it waits for its host."""

    model_config = ConfigDict(extra="forbid")

    title: PublicBilingual
    starts_at: str | None = None
    note: PublicBilingual | None = None

    @field_validator("starts_at")
    @classmethod
    def _time(cls, value: str | None) -> str | None:
        if value is not None:
            parse_rfc3339(value)
        return value


class ChangedBroadcast(NewBroadcast):
    """What to change of a broadcast that has not ended."""

    title: PublicBilingual | None = None  # type: ignore[assignment]


class LoggedEvent(BaseModel):
    """An event as it stands in the log. `/asyncapi.json` says what the `data` of each `kind` means;
    pass over kinds and fields that you don't know.
    """

    seq: Annotated[int, Field(ge=1)]
    at: Annotated[int, Field(description="UTC milliseconds since 1970.")]
    kind: str
    audience: Annotated[
        list[str], Field(description="One or more of public, staff, farm:{id} and order:{id}.")
    ]
    data: dict[str, Any]


class EventList(Listing):
    """Events of the log in its order, for staff."""

    to: int
    events: list[LoggedEvent]


class NewMessage(BaseModel):
    """What someone says; staff have their display name for a nickname."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    nickname: Nickname | None = None


class ChatSay(NewMessage, Message):
    """Send a chat message; a new nickname lasts for the connection."""

    type: Literal["chat.say"] = "chat.say"


class EventSeq(BaseModel):
    """The `seq` of the event that tells it; null where there was nothing to do."""

    seq: int | None


class ChatHide(Message):
    """Hide a message on every page, and erase its text from the log."""

    type: Literal["chat.hide"] = "chat.hide"
    message: Seq


class NewMute(BaseModel):
    """Whom to mute, by a message, and for how long: `show` is until this broadcast ends,
    `ninety_days` holds in all broadcasts.
    """

    model_config = ConfigDict(extra="forbid")

    message: Seq
    duration: Duration = "show"


class MuteAnswer(BaseModel):
    """Someone who may not write. Times in RFC 3339, `until` null for the end of the broadcast;
    `who` is a short pseudonym of the device, `message` the `seq` of what was said, and `by` the
    display name of who muted, empty where there is none. `everywhere` is true where it holds in all
    broadcasts.
    """

    id: str
    nickname: str
    who: str
    message: int
    everywhere: bool
    at: str
    until: str | None
    by: str


class MuteList(Listing):
    """Who may not write in this broadcast, the latest first."""

    mutes: list[MuteAnswer]


class ChatMute(NewMute, Message):
    """Mute the sender of a message.

    Nor from who comes back from the same block of addresses under a nickname like it.
    """

    type: Literal["chat.mute"] = "chat.mute"


class ChatUnmute(Message):
    """End a mute by its id."""

    type: Literal["chat.unmute"] = "chat.unmute"
    mute: Annotated[str, Field(min_length=1, max_length=26)]


class NewReaction(BaseModel):
    """Hearts, up to twenty at a time."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=20)] = 1


class React(NewReaction, Message):
    """Send hearts, up to twenty at a time."""

    type: Literal["react"] = "react"


class CardOpen(Message):
    """Open a card; the figures count it for viewers."""

    type: Literal["card.open"] = "card.open"
    offer: OfferId


class OpenedCard(BaseModel):
    """The offer on the card, as the snapshot has it."""

    offer: dict[str, Any]


class NewPin(BaseModel):
    """The offer whose card is shown over the video."""

    model_config = ConfigDict(extra="forbid")

    offer: OfferId


class CardPin(NewPin, Message):
    """Pin an offer's card over the video, in place of another."""

    type: Literal["card.pin"] = "card.pin"


class CardUnpin(Message):
    """Unpin the card."""

    type: Literal["card.unpin"] = "card.unpin"
