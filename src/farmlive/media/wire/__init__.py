"""Wire formats: RTP, RTCP, STUN, SDP and codec payloads. Pure."""
