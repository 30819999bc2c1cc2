"""The shapes of people in the API: what is sent and what is answered."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Role = Literal["coordinator", "host", "moderator", "seller", "clerk"]
KeyRole = Literal["coordinator", "host", "moderator", "seller", "clerk", "simulator"]
ROLES: tuple[Role, ...] = get_args(Role)
Purpose = Literal["studio", "encoder"]
Label = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]

Farms = Annotated[list[Annotated[str, StringConstraints(max_length=26)]], Field(max_length=100)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Sent):
    """Name and password of an account."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=200, repr=False)]


class SignedIn(BaseModel):
    """Who is signed in; `csrf` goes into X-CSRF-Token, and is null for an API key."""

    name: str
    role: KeyRole
    farms: list[str]
    csrf: str | None


class NewAccount(_Sent):
    """An account to make, a seller's with its farms.

    Without a password a random one is made and answered once.
    """

    name: Annotated[str, Field(max_length=64)]
    role: Role
    farms: Farms = []
    password: Annotated[str | None, Field(max_length=200, repr=False)] = None


class AccountAnswer(BaseModel):
    """An account; `created_at` in RFC 3339."""

    id: str
    name: str
    role: Role
    farms: list[str]
    created_at: str
    disabled: bool


class MadeAccount(AccountAnswer):
    """A new account; `password` only where it was made here."""

    password: str | None


class Accounts(BaseModel):
    """All accounts, by name."""

    accounts: list[AccountAnswer]


class NewApiKey(_Sent):
    """An API key to make: what it is for and how it acts: a role, a seller's with farms."""

    label: Label
    role: KeyRole
    farms: Farms = []


class ApiKeyAnswer(BaseModel):
    """An API key without its secret; `created_at` in RFC 3339."""

    id: str
    label: str
    role: KeyRole
    farms: list[str]
    created_at: str


class MadeApiKey(ApiKeyAnswer):
    """A new API key; `key` is shown this once."""

    key: str


class ApiKeys(BaseModel):
    """All API keys, oldest first."""

    api_keys: list[ApiKeyAnswer]


class NewStreamKey(_Sent):
    """A stream key to make.

    `studio`: for this device's own camera, which is the same source each time. `encoder`: for
    OBS and the like, a new source, or a further key of `source`.
    """

    purpose: Purpose
    label: Label | None = None
    source: str | None = None


class StreamKeyAnswer(BaseModel):
    """A stream key without its secret; times in RFC 3339, `expires_at` null for no end."""

    id: str
    source: str
    label: str
    purpose: Purpose
    created_at: str
    expires_at: str | None


class MadeStreamKey(StreamKeyAnswer):
    """A new stream key, shown this once, and the address to publish to."""

    key: str
    whip_url: str


class StreamKeys(BaseModel):
    """The stream keys of a broadcast that work, oldest first."""

    stream_keys: list[StreamKeyAnswer]


class SourceAnswer(BaseModel):
    """A camera of a broadcast; `created_at` in RFC 3339."""

    id: str
    label: str
    purpose: Purpose
    created_at: str


class Sources(BaseModel):
    """The sources of a broadcast, oldest first."""

    sources: list[SourceAnswer]
