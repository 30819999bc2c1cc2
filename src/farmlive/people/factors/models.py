"""API models of second factors and reauthentication."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from farmlive.people.core.models import Label, Sent

FactorKind = Literal["totp", "passkey", "recovery"]
Code = Annotated[str, Field(min_length=1, max_length=64)]
# The credential that `navigator.credentials` returns, by its `toJSON`.
Credential = Annotated[dict[str, Any], Field(max_length=20)]


class TotpCode(Sent):
    """The first code of an authenticator app, with the `token` that came with its secret."""

    token: Annotated[str, Field(max_length=400, repr=False)]
    code: Annotated[Code, Field(repr=False)]


class NewPasskey(Sent):
    """A passkey that the browser created, and its owner's name for it."""

    name: Annotated[Label, Field(max_length=40)]
    credential: Annotated[Credential, Field(repr=False)]


class FactorSetup(Sent):
    """A second factor to set up: one of the two."""

    totp: TotpCode | None = None
    passkey: NewPasskey | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.totp is None) == (self.passkey is None):
            raise ValueError("Send one of these: totp or passkey.")
        return self


class Reauthentication(Sent):
    """Proof that the person is the same: the second factor, or the password without one.

    Without any of them the response says which one is needed.
    """

    password: Annotated[str | None, Field(max_length=200, repr=False)] = None
    code: Annotated[Code | None, Field(repr=False)] = None
    passkey: Annotated[Credential | None, Field(repr=False)] = None


class Reauthenticated(BaseModel):
    """Until when no request requires reauthentication, in RFC 3339."""

    reauthentication_due_at: str


class TotpShown(BaseModel):
    """The secret of an authenticator app, as text, as its URI, and as a QR code (a `data:` URL).

    `token` is sent back with the first code, within half an hour.
    """

    secret: str
    uri: str
    qr: str
    token: str


class PasskeyAnswer(BaseModel):
    """A passkey; times in RFC 3339, `used_at` null before its first use.

    It works under `host` alone; `here`: the request came to that host.
    """

    id: str
    name: str
    created_at: str
    used_at: str | None
    host: str
    here: bool


class OwnFactorsAnswer(BaseModel):
    """One's own second factors; times in RFC 3339.

    `passkeys_possible`: a browser can create one at this URL; `passkeys_at` is the server's URL at
    which it can, null if there is none. `until`: from then on a sign-in without a factor requires
    setting one up; null if none is required, or there is one.
    """

    totp_since: str | None
    passkeys: list[PasskeyAnswer]
    passkeys_possible: bool
    passkeys_at: str | None
    recovery_codes_left: int
    demanded: bool
    until: str | None


class FactorAdded(BaseModel):
    """The result of setting up a factor: the account's first recovery codes, returned only once,
    else null.
    """

    recovery_codes: list[str] | None


class RecoveryCodes(BaseModel):
    """New recovery codes, returned only once; earlier ones stop working."""

    recovery_codes: list[str]


class PasskeyOptions(BaseModel):
    """The `publicKey` of `navigator.credentials.create`, in JSON."""

    passkey: dict[str, Any]
