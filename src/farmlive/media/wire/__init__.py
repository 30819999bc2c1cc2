"""Formats on the wire: RTP, RTCP, STUN, SDP and what codecs put into packets. Pure."""
