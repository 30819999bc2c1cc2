"""What the clients of media are tried against before there is a server."""

from tests.support.aiortc_endpoint import endpoint, transport

__all__ = ["endpoint", "transport"]
