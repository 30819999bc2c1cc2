"""API models of credentials and cameras: API keys, stream keys, sources, guests, and ownership."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from farmlive.edge.paging import Page
from farmlive.people.core.models import Centres, Farms, Identifier, Label, Moment, Sent
from farmlive.people.core.nicknames import is_blank
from farmlive.people.core.roles import KeyRole
from farmlive.problems import WrongValue
from farmlive.public_text import Public

Purpose = Literal["studio", "encoder", "guest"]
CredentialKind = Literal["api_key", "stream_key", "invitation", "guest"]
# Viewers read a camera's label while it is on air.
PublicLabel = Annotated[Label, Public]


def _seen(text: str) -> str:
    if is_blank(text):
        raise WrongValue("invisible-name", "Enter a visible name.")
    return text


class NewApiKey(Sent):
    """An API key to create: its purpose and how it acts: a role, a seller's with farms, a clerk's
    with centres.

    Its owner is the caller's account; it is valid until `expires_at`, in RFC 3339, or until it is
    revoked.
    """

    label: Label
    role: KeyRole
    farms: Farms = Field([])
    centres: Centres = Field([])
    expires_at: Moment | None = None


class ApiKeyAnswer(BaseModel):
    """An API key without its secret; times in RFC 3339, `expires_at` null for no end.

    `owner` is the account with which it ends, null for a key without one; `used_at` is the last
    use, to a minute. It `acts_as` its role, or a lesser one if its owner's role is less; null: it
    has no rights. `made_by` is the account that knows its secret, null if unknown.
    """

    id: str
    label: str
    role: KeyRole
    acts_as: KeyRole | None
    farms: list[str]
    centres: list[str] | None
    created_at: str
    owner: str | None
    expires_at: str | None
    used_at: str | None
    made_by: str | None


class MadeApiKey(ApiKeyAnswer):
    """A new API key; `key` is returned only once."""

    key: str


class ApiKeys(Page):
    """All API keys, the oldest first."""

    api_keys: list[ApiKeyAnswer]


class CredentialAnswer(BaseModel):
    """A key or a link without its secret; times in RFC 3339.

    `role` is that of an API key or an invitation; an API key `acts_as` that, or as a lesser one if
    its owner's role is less; one that `has_every_centre` is a clerk's from before clerks belonged
    to centres, and sees the orders of all. `idle`: it does nothing while its owner has that role.
    `broadcast` and its `title` are those of a stream key or a guest link, whose camera is `sending`
    or not, and `on_air` if viewers see it. `made_by` is the account that made or renewed it and
    knows its secret: if that is not its owner, renew it.
    """

    id: str
    kind: CredentialKind
    owner: str | None
    label: str | None
    role: str | None
    acts_as: KeyRole | None
    has_every_centre: bool
    idle: bool
    purpose: Purpose | None
    broadcast: str | None
    title: dict[str, Any] | None
    created_at: str
    expires_at: str | None
    used_at: str | None
    sending: bool
    on_air: bool
    made_by: str | None


class Credentials(Page):
    """Working keys and links, and stream keys with which a session still sends."""

    credentials: list[CredentialAnswer]


class RenewedCredential(BaseModel):
    """A new secret, returned only once: a `key`, or the `url` of a link, a path on this server."""

    id: str
    kind: CredentialKind
    key: str | None
    url: str | None


class NewOwner(Sent):
    """The account that will own a key or a link."""

    owner: Identifier


class NewStreamKey(Sent):
    """A stream key to create.

    `studio`: for this device's own camera, which is the same source each time. `encoder`: for OBS
    and similar programs, a new source, or a further key of `source`.
    """

    purpose: Literal["studio", "encoder"]
    label: PublicLabel | None = None
    source: str | None = None


class StreamKeyAnswer(BaseModel):
    """A stream key without its secret; times in RFC 3339, `expires_at` null for no end.

    `owner` is the account with which it ends, and with it its session.
    """

    id: str
    source: str
    label: str
    purpose: Purpose
    created_at: str
    expires_at: str | None
    owner: str | None


class MadeStreamKey(StreamKeyAnswer):
    """A new stream key, returned only once, and the URL to publish to."""

    key: str
    whip_url: str


class StreamKeys(Page):
    """The working stream keys of a broadcast, the oldest first."""

    stream_keys: list[StreamKeyAnswer]


class SourceAnswer(BaseModel):
    """A camera of a broadcast; `created_at` in RFC 3339."""

    id: str
    label: str
    purpose: Purpose
    created_at: str


class Sources(Page):
    """The sources of a broadcast, the oldest first."""

    sources: list[SourceAnswer]


class NewGuest(Sent):
    """A guest to invite by a link; viewers read the label while the guest is on air."""

    label: Annotated[PublicLabel, AfterValidator(_seen)]


class GuestAnswer(BaseModel):
    """A guest without the link; `source` is the guest's camera, times in RFC 3339."""

    id: str
    source: str
    label: str
    created_at: str
    expires_at: str


class MadeGuest(GuestAnswer):
    """A new guest; `url`, a path on this server, is returned only once."""

    url: str


class GuestList(Page):
    """The guests of a broadcast with working links, the oldest first."""

    guests: list[GuestAnswer]


class GuestKey(BaseModel):
    """Credentials with which a guest publishes: `key` as the bearer token, to the path `whip` of
    this server.
    """

    key: str
    broadcast: str
    source: str
    label: str
    whip: str
    expires_at: str
