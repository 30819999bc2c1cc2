"""Peers of WHIP and WHEP: full ones by aiortc, and light ones without a codec."""
