"""API models of broadcasts, and models of the channel's messages that this room handles."""

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
from farmlive.edge.paging import Page
from farmlive.people.core.nicknames import is_blank
from farmlive.public_text import PublicBilingual
from farmlive.store.files.files import PictureUrl

OfferId = Annotated[str, Field(min_length=1, max_length=26)]
# The largest integer that JSON numbers keep exact.
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
    frame: Annotated[
        str | None, Field(description="URL path of a frame of its picture, or null.")
    ] = None


class BroadcastList(Page):
    """Broadcasts: live ones first, then scheduled ones, then ended ones."""

    broadcasts: list[Broadcast]


class NewBroadcast(BaseModel):
    """A broadcast to schedule; `starts_at` may be absent."""

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
    """Changes to a broadcast that has not ended."""

    title: PublicBilingual | None = None  # type: ignore[assignment]


class ShownFrame(BaseModel):
    """A frame of the broadcast's picture, as `POST /api/v1/pictures` kept it; null removes it."""

    model_config = ConfigDict(extra="forbid")

    picture: PictureUrl | None


class LoggedEvent(BaseModel):
    """An event of the log. `/asyncapi.json` defines the `data` of each `kind`; ignore kinds and
    fields that you don't know.
    """

    seq: Annotated[int, Field(ge=1)]
    at: Annotated[int, Field(description="UTC milliseconds since 1970.")]
    kind: str
    audience: Annotated[
        list[str], Field(description="One or more of public, staff, farm:{id} and order:{id}.")
    ]
    data: dict[str, Any]


class EventList(Page):
    """A page of the log, for staff."""

    to: Annotated[
        int,
        Field(
            description="The last `seq` of this page; of an empty one the `cursor` that was sent. "
            "Where `next` is null, ask again later with it as `cursor`: what came since follows."
        ),
    ]
    events: list[LoggedEvent]


class NewMessage(BaseModel):
    """A chat message; crew always have their display name as the nickname."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    nickname: Nickname | None = None


class ChatSay(NewMessage, Message):
    """Send a chat message; a new nickname lasts for the connection."""

    type: Literal["chat.say"] = "chat.say"


class EventSeq(BaseModel):
    """The `seq` of the event that records the change; null where nothing changed."""

    seq: int | None


class ChatHide(Message):
    """Hide a message on every page, and erase its text from the log."""

    type: Literal["chat.hide"] = "chat.hide"
    message: Seq


class ChatQueue(Message):
    """Put a message into the queue of questions to answer."""

    type: Literal["chat.queue"] = "chat.queue"
    message: Seq


class ChatDrop(Message):
    """Take a message out of the queue of questions."""

    type: Literal["chat.drop"] = "chat.drop"
    message: Seq


class NewAnswer(BaseModel):
    """The message that is answered, and the written reply; without one it is answered aloud."""

    model_config = ConfigDict(extra="forbid")

    message: Seq
    reply: Text | None = None


class ChatAnswer(NewAnswer, Message):
    """Show viewers a message that is answered, and the reply, over their chat.

    It replaces the last one.
    """

    type: Literal["chat.answer"] = "chat.answer"


class ChatClear(Message):
    """Take the answer away that viewers read over their chat."""

    type: Literal["chat.clear"] = "chat.clear"


class NewMute(BaseModel):
    """The message whose sender is muted, and for how long: `show` ends with this broadcast,
    `ninety_days` applies to all broadcasts.
    """

    model_config = ConfigDict(extra="forbid")

    message: Seq
    duration: Duration = "show"


class MuteAnswer(BaseModel):
    """A mute. Times are RFC 3339; `until` is null for the end of the broadcast. `who` is a short
    pseudonym of the device, `message` the `seq` of the message, and `by` the display name of the
    person who muted, empty where there is none. `everywhere` is true where the mute applies to all
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


class MuteList(Page):
    """The mutes that apply to this broadcast, the latest first."""

    mutes: list[MuteAnswer]


class ChatMute(NewMute, Message):
    """Mute the sender of a message.

    The mute also covers similar nicknames from the same block of IP addresses.
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
    """Open a card; viewers' taps count in the analytics."""

    type: Literal["card.open"] = "card.open"
    offer: OfferId


class OpenedCard(BaseModel):
    """The card's offer, as the snapshot has it."""

    offer: dict[str, Any]


class NewPin(BaseModel):
    """The offer whose card to pin over the video."""

    model_config = ConfigDict(extra="forbid")

    offer: OfferId


class CardPin(NewPin, Message):
    """Pin an offer's card over the video; it replaces the pinned one."""

    type: Literal["card.pin"] = "card.pin"


class CardUnpin(Message):
    """Unpin the card."""

    type: Literal["card.unpin"] = "card.unpin"
