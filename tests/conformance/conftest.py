"""The servers that the checks are tried against: a relay of ours, and endpoints of aiortc."""

from tests.conformance.shared_server import relayed
from tests.media.support.media_server import media, times
from tests.support.aiortc_endpoint import endpoint, transport

__all__ = ["endpoint", "media", "relayed", "times", "transport"]
