"""API models of sessions: signing in, and the signed-in account."""

from typing import Annotated

from pydantic import BaseModel, Field

from farmlive.edge.paging import Page
from farmlive.people.core.models import NameAndPassword
from farmlive.people.core.roles import KeyRole
from farmlive.people.factors.models import Code, Credential, FactorSetup


class SignIn(NameAndPassword):
    """Name and password of an account.

    `new_password` replaces a password that another person made, such as a first one. If the account
    has a second factor, `code` is one of its authenticator app or a recovery code, `passkey` the
    browser's response to the options of `second-factor-needed`. `setup`: the response to
    `second-factor-setup-needed`.
    """

    new_password: Annotated[str | None, Field(max_length=200, repr=False)] = None
    code: Annotated[Code | None, Field(repr=False)] = None
    passkey: Annotated[Credential | None, Field(repr=False)] = None
    setup: Annotated[FactorSetup | None, Field(repr=False)] = None


class SignedIn(BaseModel):
    """The signed-in account; `csrf` goes into X-CSRF-Token, and is null for an API key.

    Viewers read `display_name`, never `name`. `farms` are a seller's, `centres` a clerk's; null for
    a clerk to whom no coordinator has assigned any yet: all of them. `weak_password`: the password
    breaks a newer rule; change it. `second_factor`: the account has one; without it
    `second_factor_until` says from when on a sign-in requires setting one up, null if none is
    required. `reauthentication_due_at`: until then no request requires reauthentication; null for
    an API key. `recovery_codes`: those made with a second factor at this sign-in, returned only
    once. Times in RFC 3339.
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
    """One of one's own sessions; times in RFC 3339, `expires_at` the latest end.

    `browser` is such as `Chrome, Android`; null if it is unknown. `current`: it is this one.
    """

    id: str
    browser: str | None
    created_at: str
    used_at: str
    expires_at: str
    current: bool


class SessionList(Page):
    """One's own sessions, the last used first."""

    sessions: list[SessionAnswer]
