"""Offers recorded of real clients, and the end that answers them."""

from pathlib import Path

from farmlive.media.engine.interface import Candidate, Credentials, Ssrcs
from farmlive.media.signalling import negotiation

OFFERS = Path(__file__).parents[1] / "offers"
LOCAL = negotiation.Local(
    Credentials("ours", "our-password-of-22-letters"),
    "AA:BB",
    [Candidate("192.0.2.7", 8189), Candidate("192.0.2.7", 8189, "tcp")],
)
SSRCS = Ssrcs(11, 12, 13)
