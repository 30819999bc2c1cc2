"""The HTTP routes of media: WHIP and WHEP, and what viewers ask and report."""
