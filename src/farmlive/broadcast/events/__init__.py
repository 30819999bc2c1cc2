"""The events of a broadcast: one model a kind, with its meaning, its audience and its JSON.

Rooms write them by `log.append` and read them by `of`; documents, fixtures and the pages' types are
made from them (schema.py). A kind is in it by standing in `__all__` of its file.
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
