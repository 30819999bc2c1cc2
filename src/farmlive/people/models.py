"""The shapes of people in the API: what is sent and what is answered."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from farmlive.bilingual import one_line
from farmlive.clock import parse_rfc3339
from farmlive.people.nicknames import is_blank
from farmlive.public_text import Public

Role = Literal["coordinator", "host", "moderator", "seller", "clerk"]
KeyRole = Literal["coordinator", "host", "moderator", "seller", "clerk", "simulator"]
ROLES: tuple[Role, ...] = get_args(Role)
Purpose = Literal["studio", "encoder", "guest"]
CredentialKind = Literal["api_key", "stream_key", "invitation", "guest"]
Label = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
# Viewers read what a camera is called while it is on air.
PublicLabel = Annotated[Label, Public]


def _seen(text: str) -> str:
    if is_blank(text):
        raise ValueError("Write a name that can be seen.")
    return text


def _moment(text: str) -> str:
    try:
        parse_rfc3339(text)
    except ValueError:
        raise ValueError("Write a time such as 2027-11-23T20:14:00+08:00.") from None
    return text


# As long as a viewer's nickname: they stand side by side in the chat.
DisplayName = Annotated[
    str, StringConstraints(min_length=1, max_length=24), BeforeValidator(one_line), Public
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,26}$")]
Moment = Annotated[str, StringConstraints(max_length=40), AfterValidator(_moment)]
Farms = Annotated[list[Identifier], Field(max_length=100)]
Centres = Annotated[list[Identifier], Field(max_length=500)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _NameAndPassword(_Sent):
    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=200, repr=False)]


class SignIn(_NameAndPassword):
    """Name and password of an account.

    `new_password`: for a password that another made, as a first one, in place of which it holds
    from then on.
    """

    new_password: Annotated[str | None, Field(max_length=200, repr=False)] = None


class Accepted(_NameAndPassword):
    """Name and password of an account of one's own, and what viewers are to read in their place."""

    display_name: DisplayName | None = None


class OwnDisplayName(_Sent):
    """What viewers read of one from now on."""

    display_name: DisplayName


class SignedIn(BaseModel):
    """Who is signed in; `csrf` goes into X-CSRF-Token, and is null for an API key.

    Viewers read `display_name`, never `name`.
    `farms` are a seller's, `centres` a clerk's; null for a clerk whom no coordinator has given
    any yet: all of them. `weak_password`: it breaks a rule that new ones hold to; change it.
    """

    name: str
    display_name: str | None
    role: KeyRole
    farms: list[str]
    centres: list[str] | None
    csrf: str | None
    weak_password: bool = False


class SessionAnswer(BaseModel):
    """One of the own sign-ins; times in RFC 3339, `expires_at` the latest end.

    `browser` is such as `Chrome, Android`; null where it is not known. `current`: it is this one.
    """

    id: str
    browser: str | None
    created_at: str
    used_at: str
    expires_at: str
    current: bool


class SessionList(BaseModel):
    """The own sign-ins, the last used first."""

    sessions: list[SessionAnswer]


class NewAccount(_Sent):
    """An account to make, a seller's with its farms, a clerk's with its centres.

    Without a password a random one is made and answered once. Either works for 24 hours and is
    changed at the first sign-in.
    """

    name: Annotated[str, Field(max_length=64)]
    role: Role
    farms: Farms = []
    centres: Centres = []
    display_name: DisplayName | None = None
    password: Annotated[str | None, Field(max_length=200, repr=False)] = None


class AccountAnswer(BaseModel):
    """An account; `created_at` in RFC 3339. Viewers read `display_name`, never `name`.

    `centres` is null for a clerk from before clerks belonged to centres: all of them, until a
    coordinator chooses.
    """

    id: str
    name: str
    display_name: str | None
    role: Role
    farms: list[str]
    centres: list[str] | None
    created_at: str
    disabled: bool


class MadeAccount(AccountAnswer):
    """A new account; `password` only where it was made here."""

    password: str | None


class Accounts(BaseModel):
    """All accounts, by name."""

    accounts: list[AccountAnswer]


class AccountChange(_Sent):
    """What changes of an account; a seller's new role needs its farms, a clerk's its centres.

    All keys and links that it made end where it is `disabled`, but those that `give` names by their
    identifiers: they go to the accounts beside them.
    """

    role: Role | None = None
    farms: Farms | None = None
    centres: Centres | None = None
    disabled: bool | None = None
    display_name: DisplayName | None = None
    give: Annotated[dict[Identifier, Identifier], Field(max_length=1000)] = {}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.give and not self.disabled:
            raise ValueError("Keys and links are given away with `disabled`: true.")
        said = (self.role, self.farms, self.centres, self.disabled, self.display_name)
        if all(each is None for each in said):
            raise ValueError("Say what changes: role, farms, centres, disabled or display_name.")
        return self


class MadePassword(BaseModel):
    """A new random password, shown this once; it works for 24 hours, and is changed at the first
    sign-in.
    """

    password: str


class OwnPassword(_Sent):
    """The own password, the old and the new one."""

    old: Annotated[str, Field(max_length=200, repr=False)]
    new: Annotated[str, Field(max_length=200, repr=False)]


class NewInvitation(_Sent):
    """An invitation to make: the role that the account will have, and whom it is for."""

    role: Role
    farms: Farms = []
    centres: Centres = []
    label: Label | None = None


class InvitationAnswer(BaseModel):
    """An open invitation without its link; times in RFC 3339."""

    id: str
    role: Role
    farms: list[str]
    centres: list[str] | None
    label: str | None
    created_at: str
    expires_at: str


class MadeInvitation(InvitationAnswer):
    """A new invitation; `url`, a path on this server, is shown this once."""

    url: str


class Invitations(BaseModel):
    """The invitations that can still be taken up, oldest first."""

    invitations: list[InvitationAnswer]


class Invited(BaseModel):
    """What whoever has the link may become."""

    role: Role
    farms: list[str]
    centres: list[str] | None


class NewApiKey(_Sent):
    """An API key to make: what it is for and how it acts: a role, a seller's with farms, a clerk's
    with centres. Its owner is whoever makes it; it works until `expires_at`, in RFC 3339, or until
    it is revoked.
    """

    label: Label
    role: KeyRole
    farms: Farms = []
    centres: Centres = []
    expires_at: Moment | None = None


class ApiKeyAnswer(BaseModel):
    """An API key without its secret; times in RFC 3339, `expires_at` null for no end.

    `owner` is the account with which it ends, null for a key without one; `used_at` the last
    use, to a minute.
    """

    id: str
    label: str
    role: KeyRole
    farms: list[str]
    centres: list[str] | None
    created_at: str
    owner: str | None
    expires_at: str | None
    used_at: str | None


class MadeApiKey(ApiKeyAnswer):
    """A new API key; `key` is shown this once."""

    key: str


class ApiKeys(BaseModel):
    """All API keys, oldest first."""

    api_keys: list[ApiKeyAnswer]


class CredentialAnswer(BaseModel):
    """A key or a link without its secret; times in RFC 3339.

    `role` is that of an API key or an invitation. `broadcast` and its `title` are those of a stream
    key or a guest's link, whose camera is `sending` or not, and `on_air` where viewers see it.
    """

    id: str
    kind: CredentialKind
    owner: str | None
    label: str | None
    role: str | None
    purpose: Purpose | None
    broadcast: str | None
    title: dict[str, Any] | None
    created_at: str
    expires_at: str | None
    used_at: str | None
    sending: bool
    on_air: bool


class Credentials(BaseModel):
    """Keys and links that work, and stream keys by which something is still sent."""

    credentials: list[CredentialAnswer]


class NewOwner(_Sent):
    """The account that owns a key or a link from now on."""

    owner: Identifier


class NewStreamKey(_Sent):
    """A stream key to make.

    `studio`: for this device's own camera, which is the same source each time. `encoder`: for
    OBS and the like, a new source, or a further key of `source`.
    """

    purpose: Literal["studio", "encoder"]
    label: PublicLabel | None = None
    source: str | None = None


class StreamKeyAnswer(BaseModel):
    """A stream key without its secret; times in RFC 3339, `expires_at` null for no end.

    `owner` is the account with which it ends, and with it what it publishes.
    """

    id: str
    source: str
    label: str
    purpose: Purpose
    created_at: str
    expires_at: str | None
    owner: str | None


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


class NewGuest(_Sent):
    """A guest to let in by a link; viewers read the label while the guest is on air."""

    label: Annotated[PublicLabel, AfterValidator(_seen)]


class GuestAnswer(BaseModel):
    """A guest without the link; `source` is the guest's camera, times in RFC 3339."""

    id: str
    source: str
    label: str
    created_at: str
    expires_at: str


class MadeGuest(GuestAnswer):
    """A new guest; `url`, a path on this server, is shown this once."""

    url: str


class GuestList(BaseModel):
    """The guests of a broadcast whose links work, oldest first."""

    guests: list[GuestAnswer]


class GuestKey(BaseModel):
    """What a guest publishes with: `key` as the bearer, to the path `whip` of this server."""

    key: str
    broadcast: str
    source: str
    label: str
    whip: str
    expires_at: str


BlockKind = Literal["device", "phone", "address"]


class SaidMessage(_Sent):
    """A chat message, by its broadcast and its `seq`."""

    broadcast: Identifier
    seq: Annotated[int, Field(ge=1, le=2**53)]


class NewBlock(_Sent):
    """Whom to block, and why: by a number or an address typed in `value`, or a pseudonym copied
    there; or whoever placed an `order` or said a `message`.
    """

    kind: BlockKind
    value: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None = None
    order: Identifier | None = None
    message: SaidMessage | None = None
    reason: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
        ),
    ]

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.value, self.order, self.message)) != 1:
            raise ValueError("Name whom to block by one of these: value, order or message.")
        if self.kind == "phone" and self.message is not None:
            raise ValueError("A message has no phone. Block its device or its address.")
        return self


class BlockAnswer(BaseModel):
    """A block: `who` is a short pseudonym, `at` in RFC 3339, `by` who made it.

    `order`, or `broadcast` with `message`, say by what they were found.
    """

    id: str
    kind: BlockKind
    who: str
    reason: str
    at: str
    by: str
    order: str | None
    broadcast: str | None
    message: int | None


class BlockList(BaseModel):
    """All blocks, the latest first."""

    blocks: list[BlockAnswer]


class RefusalAnswer(BaseModel):
    """What was refused to one device, phone, address or name within the last hour.

    `who` is a short pseudonym, `mark` the whole of it, which a block takes as `value`; `count` is
    how often, `limit` how many a minute are taken, null where a block refused.
    """

    at: str
    what: str
    kind: Literal["device", "phone", "address", "name"]
    who: str
    mark: str
    count: int
    limit: int | None
    reason: str


class RefusalList(BaseModel):
    """What limits and blocks refused within the last hour, the latest first."""

    refusals: list[RefusalAnswer]


class DeedAnswer(BaseModel):
    """What one of the staff did; `at` in RFC 3339, `name` who, `subject` to what."""

    id: str
    at: str
    name: str
    action: str
    subject: str | None
    broadcast: str | None
    detail: dict[str, Any]


class DeedList(BaseModel):
    """Deeds, the latest first; `next` is the `before` of the following page, if there is one."""

    deeds: list[DeedAnswer]
    next: str | None
