"""People: accounts, roles, sessions, keys, sources, devices and rate limits. Knows no broadcast."""

from farmlive.people.devices import DeviceCookie
from farmlive.people.guard import Caller, Guard
from farmlive.people.limits import RateLimits
from farmlive.people.people import People
from farmlive.people.sources import Source

__all__ = ["Caller", "DeviceCookie", "Guard", "People", "RateLimits", "Source"]
