"""People: accounts, roles, sessions, keys, sources, devices and limits. Knows no broadcasts."""

from farmlive.people.accounts.team_names import TeamNames
from farmlive.people.core.caller import Caller
from farmlive.people.core.devices import DeviceCookie
from farmlive.people.core.rate_limits import RateLimits
from farmlive.people.guard import Guard
from farmlive.people.keys.sources import Source
from farmlive.people.moderation.blocklist import Blocklist
from farmlive.people.people import People

__all__ = [
    "Blocklist",
    "Caller",
    "DeviceCookie",
    "Guard",
    "People",
    "RateLimits",
    "Source",
    "TeamNames",
]
