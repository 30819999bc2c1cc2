"""The shapes of sessions in the API: signing in, and what one is signed in as."""

from typing import Annotated

from pydantic import BaseModel, Field

from farmlive.edge.paging import Listing
from farmlive.people.core.models import KeyRole, NameAndPassword
from farmlive.people.factors.models import Code, Credential, FactorSetup


class SignIn(NameAndPassword):
    """Name and password of an account.

    `new_password`: for a password that another made, as a first one, in place of which it holds
    from then on. Where the account has a second factor, `code` is one of its authenticator app or
    a recovery code, `passkey` the browser's answer to the options that came with
    `second-factor-needed`. `setup`: what was asked for by `second-factor-setup-needed`.
    """

    new_password: Annotated[str | None, Field(max_length=200, repr=False)] = None
    code: Annotated[Code | None, Field(repr=False)] = None
    passkey: Annotated[Credential | None, Field(repr=False)] = None
    setup: Annotated[FactorSetup | None, Field(repr=False)] = None


class SignedIn(BaseModel):
    """Who is signed in; `csrf` goes into X-CSRF-Token, and is null for an API key.

    Viewers read `display_name`, never `name`.
    `farms` are a seller's, `centres` a clerk's; null for a clerk whom no coordinator has given
    any yet: all of them. `weak_password`: it breaks a rule that new ones hold to; change it.
    `second_factor`: the account has one; without it `second_factor_until` says from when on a
    sign-in leads to setting one up, null where none is demanded. `reauthentication_due_at`: until
    then nothing asks for reauthentication; null for an API key. `recovery_codes`: those that were
    made with a second factor by this sign-in, this once. Times in RFC 3339.
    """

    name: str
    display_name: str | None
    role: KeyRole
    farms: list[str]
    centres: list[str] | None
    csrf: str | None
    weak_password: bool = False
    second_factor: bool = False
    second_factor_until: str | None = None
    reauthentication_due_at: str | None = None
    recovery_codes: list[str] | None = None


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


class SessionList(Listing):
    """The own sign-ins, the last used first."""

    sessions: list[SessionAnswer]
