"""People: accounts, roles, sessions, keys, sources, devices and limits. Knows no broadcast."""

from farmlive.people.blocks import Blocks
from farmlive.people.caller import Caller
from farmlive.people.devices import DeviceCookie
from farmlive.people.guard import Guard
from farmlive.people.limits import RateLimits
from farmlive.people.people import People
from farmlive.people.sources import Source
from farmlive.people.team_names import TeamNames

__all__ = [
    "Blocks",
    "Caller",
    "DeviceCookie",
    "Guard",
    "People",
    "RateLimits",
    "Source",
    "TeamNames",
]
