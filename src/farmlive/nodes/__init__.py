"""Several servers on one PostgreSQL: which of them has a broadcast's media (the lease), and how the
others forward to it what WHIP, WHEP and the studio ask.

A server that stands alone, as every one on SQLite does, has all media itself, and no row or request
of these.
"""

from farmlive.nodes.forwarding import Anywhere
from farmlive.nodes.leases import Leases

__all__ = ["Anywhere", "Leases"]
