"""Several servers on one PostgreSQL: which of them has a broadcast's media (the lease), and how the
others forward requests of WHIP, WHEP and the studio to it.

A server without others, as every one on SQLite, has all media itself, and makes no lease and no
such request.
"""

from farmlive.nodes.forwarding import ClusterSessions
from farmlive.nodes.leases import Leases

__all__ = ["ClusterSessions", "Leases"]
