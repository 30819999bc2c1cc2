"""The problems of the media room: each tells a publisher or a player what to do."""

from farmlive.problems import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    TooMany,
    Unavailable,
    UnknownSource,
)


class BadSdp(Problem):
    """The body is not a session description that can be parsed."""

    status = 400
    slug = "bad-sdp"
    title = "The SDP can't be read"


class UnfitOffer(Problem):
    """A readable offer that does not fit this endpoint: too many streams, a wrong direction."""

    status = 422
    slug = "unfit-offer"
    title = "The offer does not fit this endpoint"


class NoCommonCodec(Problem):
    """No offered codec can pass through this server, or none that is on air.

    `codec` is the missing one, such as `H264`, if a player lacks what is on air; viewers read that
    sentence in players of all makers, so it is in both languages.

    Not 406: in WHEP that would be a counter-offer (draft-ietf-wish-whep-03, section 4.2.2).
    """

    status = 422
    slug = "no-common-codec"
    title = "There is no codec that both sides know"


class WrongType(Problem):
    """The endpoint does not accept this Content-Type."""

    status = 415
    slug = "wrong-content-type"
    title = "The content type is not supported here"


class PreconditionRequired(Problem):
    """A PATCH without If-Match (RFC 9725, section 4.3.1)."""

    status = 428
    slug = "if-match-missing"
    title = "Say with If-Match which ICE session you mean"


class PreconditionFailed(Problem):
    """A PATCH for an ICE session that is over."""

    status = 412
    slug = "ice-session-over"
    title = "That ICE session is over"


class SessionGone(NotFound):
    """No media session has this URL."""

    slug = "unknown-session"
    title = "There is no such media session"


class NobodyPublishing(Conflict):
    """A player came while no source sends; `Retry-After` says when to try again."""

    slug = "nobody-publishing"
    title = "Nobody is sending yet"


class HolderAway(Unavailable):
    """The server with this broadcast's media does not answer. If it has failed, another one takes
    over within ten seconds.
    """

    slug = "media-server-away"
    title = "The server with this broadcast's cameras does not answer"

    def __init__(self, retry_after_s: int = 2):
        super().__init__(
            "Try again in a moment: if it does not come back, another server takes its place.",
            headers={"Retry-After": str(retry_after_s)},
        )


class OtherServer(Unavailable):
    """Another server on this database has this broadcast's media, and this one does not know its
    URL.
    """

    slug = "media-on-other-server"
    title = "This broadcast's cameras are on another server"

    def __init__(self) -> None:
        super().__init__(
            "This server can't ask it: the operator sets FARMLIVE_NODE_URL on every server.",
            headers={"Retry-After": "5"},
        )


class SourceAway(Conflict):
    """The source to put on air sends no media."""

    slug = "source-away"
    title = "That camera sends nothing at the moment"


class SourceUnplayable(Conflict):
    """The source to put on air sends a stream that viewers can't play."""

    slug = "source-unplayable"
    title = "Viewers could not play that camera's stream"


class TooManySources(Problem):
    """The broadcast has as many sources as the server allows."""

    status = 422
    slug = "too-many-sources"
    title = "This broadcast has all the sources that it may have"


class ServerFull(Unavailable):
    """The server has the maximum number of viewers."""

    slug = "server-full"
    title = "All places for viewers are taken"


BY_SLUG: dict[str, type[Problem]] = {
    kind.slug: kind
    for kind in (
        BadSdp,
        UnfitOffer,
        NoCommonCodec,
        WrongType,
        PreconditionRequired,
        PreconditionFailed,
        SessionGone,
        NobodyPublishing,
        HolderAway,
        OtherServer,
        UnknownSource,
        SourceAway,
        SourceUnplayable,
        TooManySources,
        ServerFull,
        TooMany,
        Invalid,
    )
}
"""All that signalling raises, for a server that forwards to another."""
