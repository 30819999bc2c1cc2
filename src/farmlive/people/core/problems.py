"""The problems of people, in addition to the common ones."""

from farmlive.problems import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthorized


class WrongPassword(Unauthorized):
    """No account has this name and password; it does not say which of the two is wrong."""

    slug = "wrong-password"
    title = "Name and password do not belong together"


class PasswordChangeNeeded(Unauthorized):
    """The password is right, but another person made it: the sign-in must also set a new one."""

    slug = "password-change-needed"
    title = "Choose a password of your own"


class PasswordOver(Unauthorized):
    """The password is right, but another person made it, and its 24 hours have passed."""

    slug = "password-over"
    title = "This password has ended"


class PasswordRefused(Invalid):
    """The new password is too short or long, a common one, contains the person's name, or is the
    old one.

    `reason` is short, long, common, name or same.
    """

    slug = "password-refused"
    title = "That password is too easy to guess"


class SecondFactorNeeded(Unauthorized):
    """The password is right, and the account has a second factor.

    `kinds` lists passkey, totp and recovery; `passkey` has the options for the browser, null if it
    has none here, and `passkeys_elsewhere` the other hosts under which it has some.
    """

    slug = "second-factor-needed"
    title = "Add your second factor"


class SecondFactorSetupNeeded(Unauthorized):
    """The password is right, and the account must set up a second factor now.

    `totp` has the secret for an authenticator app, `passkey` the options for the browser, null if
    there are none here.
    """

    slug = "second-factor-setup-needed"
    title = "Set up a second factor"


class WrongCode(Unauthorized):
    """The code of an app or the recovery code is wrong, expired, or used."""

    slug = "wrong-factor-code"
    title = "The code is not right"


class PasskeyRefused(Unauthorized):
    """The browser's response with a passkey is not valid."""

    slug = "passkey-refused"
    title = "The passkey was not accepted"


class ReauthenticationNeeded(Unauthorized):
    """The session's owner last authenticated more than ten minutes ago."""

    slug = "reauthentication-needed"
    title = "Confirm that it is you"


class UnknownApiKey(Unauthorized):
    """The bearer token has the form of an API key, but is none."""

    slug = "unknown-api-key"
    title = "This API key is not known"


class ExpiredApiKey(Unauthorized):
    """The API key has expired."""

    slug = "expired-api-key"
    title = "This API key has expired"


class ApiKeyAboveOwner(Unauthorized):
    """The API key's owner now has a role that leaves the key no rights."""

    slug = "api-key-above-owner"
    title = "This API key's owner may not do that any more"


class CrossSite(Forbidden):
    """A page of another site sent the request."""

    slug = "cross-site"
    title = "The request comes from another site"


class WrongCsrfToken(Forbidden):
    """A signed-in browser changed something without its CSRF token."""

    slug = "csrf"
    title = "The X-CSRF-Token header is missing or wrong"


class Blocked(Forbidden):
    """An operator blocked this device, phone or IP."""

    slug = "blocked"
    title = "Orders and messages from here are refused"


class NicknameRefused(Problem):
    """The nickname is reserved for the team, or is blank."""

    status = 422
    slug = "nickname-refused"
    title = "That nickname can't be used here"


class NoPassword(Forbidden):
    """A program with an API key has no password to change."""

    slug = "no-password"
    title = "There is no password to change"


class NameTaken(Conflict):
    """An account with that name exists."""

    slug = "name-taken"
    title = "There is an account with this name"


class LastCoordinator(Conflict):
    """Without a coordinator, no account could be created."""

    slug = "last-coordinator"
    title = "This is the only coordinator"


class UnknownAccount(NotFound):
    """No account has that name."""

    slug = "unknown-account"
    title = "There is no account with this name"


class UnknownSession(NotFound):
    """The account has no session with that identifier."""

    slug = "unknown-sign-in"
    title = "There is no such sign-in"


class UnknownFactor(NotFound):
    """The account has no such passkey or authenticator app."""

    slug = "unknown-factor"
    title = "There is no such second factor"


class NoPasskeysHere(Conflict):
    """Browsers have no passkeys for the URL of the request."""

    slug = "no-passkeys-here"
    title = "There are no passkeys under this address"


class PasskeysFull(Conflict):
    """The account has the maximum number of passkeys."""

    slug = "passkeys-full"
    title = "The account has too many passkeys"


class LastFactor(Conflict):
    """The account must have a second factor, and this is the only one."""

    slug = "last-factor"
    title = "This is the only second factor"


class NoSecondFactor(Conflict):
    """Without a second factor there is nothing that recovery codes could replace."""

    slug = "no-second-factor"
    title = "There is no second factor"


class OwnFactor(Conflict):
    """A reset of one's own factors would extend the deadline of the setting forever."""

    slug = "own-factor"
    title = "Your own second factor is changed on your own page"


class FactorNotDue(Conflict):
    """The account has a second factor, needs none, or its deadline has not been set."""

    slug = "factor-not-due"
    title = "There is no deadline to move"


class ExtensionsUsedUp(Conflict):
    """The account's deadline for a second factor has been extended as often as possible."""

    slug = "extensions-used-up"
    title = "There is no more time to give"


class UnknownInvitation(NotFound):
    """No invitation has that token or identifier."""

    slug = "unknown-invitation"
    title = "There is no such invitation"


class InvitationOver(Problem):
    """The invitation was used, or has expired."""

    status = 410
    slug = "invitation-over"
    title = "This invitation has ended"


class UnknownGuest(NotFound):
    """No guest has that link or identifier."""

    slug = "unknown-guest"
    title = "There is no such guest"


class GuestOver(Problem):
    """The host ended the guest link, or it has expired."""

    status = 410
    slug = "guest-over"
    title = "This link has ended"


class UnknownBlock(NotFound):
    """There is no block with that identifier."""

    slug = "unknown-block"
    title = "There is no such block"


class NothingToBlock(NotFound):
    """The order or the message is unknown, does not have what should be blocked, or belongs to an
    erased buyer.
    """

    slug = "nothing-to-block"
    title = "There is nobody to block by that"


class EveryonesAddress(Conflict):
    """The IP is the proxy's, through which all clients come."""

    slug = "everyones-address"
    title = "That address is everyone's"


class ShutOut(Forbidden):
    """The caller was shut out a moment ago, and can't create keys and links any more."""

    slug = "shut-out"
    title = "This account is shut out"


class UnknownCredential(NotFound):
    """There is no key, invitation or guest link with that id, or it no longer works."""

    slug = "unknown-credential"
    title = "There is no such key or link"


class NotToGive(Forbidden):
    """Accounts can't give away their own credentials, and API keys can neither give nor renew
    any.
    """

    slug = "not-to-give"
    title = "You can't give that away"


class UnknownKey(NotFound):
    """There is no key with that identifier, or it is revoked."""

    slug = "unknown-key"
    title = "There is no such key"
