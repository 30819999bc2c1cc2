"""API models of people: accounts and invitations, and base models of the others (session_models.py,
keys/models.py, factors/models.py, moderation/models.py).
"""

from typing import Annotated, Self

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
from farmlive.edge.paging import Page
from farmlive.people.core.roles import Role
from farmlive.public_text import Public

Label = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]


def _moment(text: str) -> str:
    try:
        parse_rfc3339(text)
    except ValueError:
        raise ValueError("Write a time such as 2027-11-23T20:14:00+08:00.") from None
    return text


# As long as a viewer's nickname: both are authors' names in the chat.
DisplayName = Annotated[
    str, StringConstraints(min_length=1, max_length=24), BeforeValidator(one_line), Public
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,26}$")]
Moment = Annotated[str, StringConstraints(max_length=40), AfterValidator(_moment)]
Farms = Annotated[list[Identifier], Field(max_length=100)]
Centres = Annotated[list[Identifier], Field(max_length=500)]


class Sent(BaseModel):
    """Base of requests: an unknown member is refused."""

    model_config = ConfigDict(extra="forbid")


class NameAndPassword(Sent):
    """The credentials of a sign-in."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=200, repr=False)]


class Accepted(NameAndPassword):
    """Name and password of a new account of one's own, and the display name that viewers read."""

    display_name: DisplayName | None = None


class OwnDisplayName(Sent):
    """The display name that viewers read from now on."""

    display_name: DisplayName


class NewAccount(Sent):
    """An account to create, a seller's with its farms, a clerk's with its centres.

    Without a password a random one is created and returned only once. Either is valid for 24 hours
    and must be changed at the first sign-in.
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
    coordinator chooses. `second_factor`: a sign-in needs one. Without it `second_factor_demanded`
    says whether it must have one, and `second_factor_until` by when, in RFC 3339; null before its
    first sign-in since then. `second_factor_extensions`: how often its deadline may still be
    extended by seven days. `made_by` is the account that made or invited it, null if unknown or if
    no account did.
    """

    id: str
    name: str
    display_name: str | None
    role: Role
    farms: list[str]
    centres: list[str] | None
    created_at: str
    disabled: bool
    second_factor: bool
    second_factor_demanded: bool
    second_factor_until: str | None
    second_factor_extensions: int
    made_by: str | None


class MadeAccount(AccountAnswer):
    """A new account; `password` only if the server created it."""

    password: str | None


class Accounts(Page):
    """All accounts, by name."""

    accounts: list[AccountAnswer]


class AccountChange(Sent):
    """Changes of an account; a seller's new role needs its farms, a clerk's its centres.

    If it is `disabled`, all its keys and links end, except those whose ids `give` has: they go to
    the accounts that it names.
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
    """A new random password, returned only once; it is valid for 24 hours, and must be changed at
    the first sign-in.
    """

    password: str


class OwnPassword(Sent):
    """One's own password, the old and the new one."""

    old: Annotated[str, Field(max_length=200, repr=False)]
    new: Annotated[str, Field(max_length=200, repr=False)]


class NewInvitation(Sent):
    """An invitation to create: the role of the account, and a label for the invited person."""

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
    """A new invitation; `url`, a path on this server, is returned only once."""

    url: str


class Invitations(Page):
    """The open invitations, the oldest first."""

    invitations: list[InvitationAnswer]


class Invited(BaseModel):
    """The account that a holder of the link may create."""

    role: Role
    farms: list[str]
    centres: list[str] | None
