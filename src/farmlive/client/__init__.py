"""Typed clients of a farmlive server: its API, its live channel, WHIP and WHEP.

They depend on the protocols alone: nothing here imports another part of farmlive, so they test what
an outside client sees.
"""

from farmlive.client.api import Api
from farmlive.client.channel import Channel, ChannelClosed, Event
from farmlive.client.commands import ChannelDropped, ChannelProblem
from farmlive.client.http import ApiProblem, Money, Refusal

__all__ = [
    "Api",
    "ApiProblem",
    "Channel",
    "ChannelClosed",
    "ChannelDropped",
    "ChannelProblem",
    "Event",
    "Money",
    "Refusal",
]
