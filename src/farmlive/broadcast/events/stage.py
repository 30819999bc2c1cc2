"""Events of the broadcast itself: states, sources, cards, chat and viewers."""

from typing import Annotated, Literal

from farmlive.broadcast.events.model import PublicEvent, StaffEvent, doc, kind
from farmlive.broadcast.events.parts import Id

__all__ = [
    "AudienceCounted",
    "BroadcastEnded",
    "BroadcastPaused",
    "BroadcastResumed",
    "BroadcastStarted",
    "CardPinned",
    "CardUnpinned",
    "ChatAnswered",
    "ChatCleared",
    "ChatDropped",
    "ChatHidden",
    "ChatQueued",
    "ChatSaid",
    "ClockMoved",
    "SourceJoined",
    "SourceLeft",
    "SourceSwitched",
]

_GUEST = doc("True for a guest with a link, otherwise absent.", True)
_LABEL = doc("Its name.", "果园")


@kind("broadcast.started")
class BroadcastStarted(PublicEvent):
    """The broadcast went live."""


@kind("broadcast.paused")
class BroadcastPaused(PublicEvent):
    """The picture of the source on air is interrupted; viewers wait."""

    reason: Annotated[Literal["source"], doc("source: no camera sends.", "source")]


@kind("broadcast.resumed")
class BroadcastResumed(PublicEvent):
    """The source on air sends again."""


@kind("broadcast.ended")
class BroadcastEnded(PublicEvent):
    """The broadcast ended; only the events of its orders follow."""


@kind("source.joined")
class SourceJoined(StaffEvent):
    """A source connected, whether or not it is on air."""

    source: Id
    label: Annotated[str, _LABEL]
    guest: Annotated[bool, _GUEST] = False


@kind("source.left")
class SourceLeft(StaffEvent):
    """A source disconnected."""

    source: Id
    guest: Annotated[bool, _GUEST] = False


@kind("source.switched")
class SourceSwitched(PublicEvent):
    """Another source is on air from now on; a pause ends."""

    source: Id
    label: Annotated[str, _LABEL]
    codec: Annotated[str | None, doc("The video codec; absent without video.", "H264")] = None


@kind("card.pinned")
class CardPinned(PublicEvent):
    """An offer's card was pinned over the video."""

    offer: Id


@kind("card.unpinned")
class CardUnpinned(PublicEvent):
    """The card was unpinned."""

    offer: Id


@kind("chat.said")
class ChatSaid(PublicEvent):
    """A chat message; once the message is hidden its data is empty."""

    nickname: Annotated[
        str | None,
        doc(
            "The sender's nickname; removed with the text when the message is hidden. Empty for "
            "crew without a display name; `role` says who it is.",
            "小林",
        ),
    ] = None
    text: Annotated[str | None, doc("The message.", "甜吗？")] = None
    role: Annotated[
        str | None, doc("coordinator, host or moderator; absent for everyone else.", "host")
    ] = None
    simulated: Annotated[
        bool, doc("True for a simulated person of the demo, otherwise absent.", True)
    ] = False


@kind("chat.hidden")
class ChatHidden(PublicEvent):
    """A chat message was hidden."""

    message: Annotated[int, doc("The seq of the message to remove.", 17)]


_MESSAGE = doc("The seq of the message.", 17)
_ASKER = doc("The nickname of who asked; removed with the text when the message is hidden.", "小林")
_QUESTION = doc("The message; removed when it is hidden.", "甜吗？")


@kind("chat.queued")
class ChatQueued(StaffEvent):
    """A message is a question to answer; once the message is hidden the data is empty."""

    message: Annotated[int | None, _MESSAGE] = None
    nickname: Annotated[str | None, _ASKER] = None
    text: Annotated[str | None, _QUESTION] = None


@kind("chat.dropped")
class ChatDropped(StaffEvent):
    """A question was taken out of the queue without an answer."""

    message: Annotated[int, _MESSAGE]


@kind("chat.answered")
class ChatAnswered(PublicEvent):
    """A question is answered, and viewers read it over their chat until the next one.

    It leaves the queue. Once the message is hidden the data is empty.
    """

    message: Annotated[int | None, _MESSAGE] = None
    nickname: Annotated[str | None, _ASKER] = None
    text: Annotated[str | None, _QUESTION] = None
    reply: Annotated[
        str | None, doc("The written answer; absent where it is answered aloud.", "很甜！")
    ] = None


@kind("chat.cleared")
class ChatCleared(PublicEvent):
    """The answer that viewers read over their chat was taken away.

    Its written reply, and every other one to the same question, is erased from the log.
    """

    message: Annotated[
        int | None, doc("The seq of the question; absent in logs of older versions.", 17)
    ] = None


@kind("clock.moved")
class ClockMoved(PublicEvent):
    """The server's clock was set; holds and running flash batches keep their remaining time."""

    by: Annotated[
        int,
        doc(
            "Milliseconds, possibly negative, to add to the `until` of each hold and to "
            "`starts_at` and `ends_at` of each running flash batch that came before. The "
            "server's time shifts by the same; the `at` of events never goes back.",
            -30_000,
        ),
    ]


@kind("audience.counted")
class AudienceCounted(PublicEvent):
    """The number of viewers, every ten seconds while the broadcast is live."""

    viewers: Annotated[int, doc("Devices that watch now.", 128)]
    reactions: Annotated[int, doc("Likes since the start.", 940)]
    buyers: Annotated[
        int | None,
        doc(
            "Different people who placed an order in the last 20 seconds and did not cancel it, "
            "by pseudonym and device, without orders that staff placed; absent below 2.",
            3,
        ),
    ] = None
