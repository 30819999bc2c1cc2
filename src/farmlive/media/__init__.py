"""Media: WHIP in, WHEP out over one UDP port, without decoding. Knows no product and no person."""

from farmlive.media.relay import Admission, Gate, MediaEvent, Relay

__all__ = ["Admission", "Gate", "MediaEvent", "Relay"]
