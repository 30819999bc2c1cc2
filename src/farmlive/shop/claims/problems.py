"""Problems of claims."""

from farmlive.problems import Conflict, Invalid, NotFound


class ClaimOpen(Conflict):
    """The order already has an open claim."""

    slug = "claim-open"
    title = "A claim for this order is open"


class ClaimAnswered(Conflict):
    """The claim is already answered."""

    slug = "claim-answered"
    title = "The claim was answered already"


class UnknownClaim(NotFound):
    """No claim of this broadcast has that id."""

    slug = "unknown-claim"
    title = "There is no such claim"


class UnknownPhoto(Invalid):
    """The claim names a photo that does not exist."""

    slug = "unknown-photo"
    title = "There is no such photo"


class NoSuchPhoto(UnknownPhoto):
    """The path names a photo that this claim does not have."""

    status = 404
