"""The events of a broadcast: one model per kind, with its meaning, audience and JSON.

Rooms append them with `Log.append` and parse them with `EventModel.of`. schema.py generates the
documents, the test fixtures and the pages' type declarations from them. Every model in a file's
`__all__` is a kind.
"""

from farmlive.broadcast.events.goods import *
from farmlive.broadcast.events.model import KINDS, LEFT_OUT, EventModel, LeftOut, OrderEvent
from farmlive.broadcast.events.parts import Line, LineName, Money, Reason, Returned, Text
from farmlive.broadcast.events.stage import *
from farmlive.broadcast.events.trade import *

__all__ = [
    "KINDS",
    "LEFT_OUT",
    "EventModel",
    "LeftOut",
    "Line",
    "LineName",
    "Money",
    "OrderEvent",
    "Reason",
    "Returned",
    "Text",
]
