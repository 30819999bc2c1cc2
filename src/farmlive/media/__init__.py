"""Media: WHIP in, WHEP out over one UDP port, without decoding. Knows no product and no person."""

from farmlive.media.engines import NoNativeEngine
from farmlive.media.gate import Admission, Gate, MediaEvent
from farmlive.media.relay import Relay

__all__ = ["Admission", "Gate", "MediaEvent", "NoNativeEngine", "Relay"]
