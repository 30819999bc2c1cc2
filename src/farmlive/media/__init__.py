"""Media: WHIP in, WHEP out over one UDP port, without decoding. Knows no products and no people."""

from farmlive.media.engine_choice import NoNativeEngine
from farmlive.media.ports import AccessPolicy, Admission, MediaEvent
from farmlive.media.relay import Relay

__all__ = ["AccessPolicy", "Admission", "MediaEvent", "NoNativeEngine", "Relay"]
