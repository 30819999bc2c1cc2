"""Errors of requests to another server on this database."""

from farmlive.problems import Forbidden


class NotANode(Forbidden):
    """The request is not signed by another server on this database, or is a replay."""

    slug = "not-a-node"
    title = "Only the servers on this database ask here"


class HolderGone(Exception):
    """The process that held the lease has ended, and its sessions with it."""


class NotHere(Exception):
    """The receiving server does not hold the lease."""
