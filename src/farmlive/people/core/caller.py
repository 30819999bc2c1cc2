"""The caller: the person or program behind a request or channel, and what its role allows.

Pure decisions about roles; guard.py authenticates the caller.
"""

from dataclasses import dataclass, field

from farmlive.people.core.roles import CREW, STAFF, KeyRole


@dataclass(frozen=True)
class Caller:
    """The person or program that sent a request or holds a channel.

    `account` and `name` are those of the signed-in account; a program with an API key has the key's
    label as its name. `role` is None for a viewer. `device` is the pseudonym of the browser.
    `address` is the client's IP for limits and blocks: an IPv6 address is given as its /64, and it
    is None if an untrusted proxy hides it, so that nothing is counted by it. `csrf` is set if a
    cookie authenticates. `farms` are those of a seller, and empty for all others. `centres` are
    those of a clerk, and empty for all others; None for a clerk from before clerks belonged to
    centres, who has all of them until a coordinator chooses. Viewers read `display_name`, never
    `name`. `key_owner` is the account that owns the API key of a program (`by_key`), and `key` that
    key's id. `weak_password`: pages ask for another one. `authenticated_at` is when a session's
    owner last authenticated (accounts/reauthentication.py), in milliseconds since 1970; None
    without a session. `second_factor`, `factor_asked_at` and `factor_extensions` are the account's.
    """

    account: str | None
    name: str | None
    role: KeyRole | None
    device: str
    address: str | None
    csrf: str | None = field(default=None, repr=False)
    farms: frozenset[str] = frozenset()
    centres: frozenset[str] | None = frozenset()
    display_name: str | None = None
    key_owner: str | None = None
    by_key: bool = False
    key: str | None = None
    weak_password: bool = False
    authenticated_at: int | None = None
    second_factor: bool = False
    factor_asked_at: int | None = None
    factor_extensions: int = 0

    @property
    def responsible(self) -> str | None:
        """The account that will own the keys and links that this caller makes: its own, or that of
        the API key. None for a key without an owner.
        """
        return self.account or self.key_owner

    @property
    def is_staff(self) -> bool:
        """Whether the caller runs broadcasts: a coordinator or a host."""
        return self.role in STAFF

    @property
    def is_crew(self) -> bool:
        """Whether the caller works on a broadcast: staff, or a moderator."""
        return self.role in CREW

    @property
    def owner(self) -> str:
        """The owner of the files that this account or API key uploads (store/files/uploads.py)."""
        return f"account:{self.account}" if self.account else f"key:{self.name}"

    @property
    def simulated(self) -> bool:
        """Whether the caller is simulated by the demo; everything it does is marked as such."""
        return self.role == "simulator"

    def may_manage_farm(self, farm: str) -> bool:
        """Return whether the caller may manage this farm: staff all of them, a seller its own."""
        return self.is_staff or (self.role == "seller" and farm in self.farms)

    def may_hand_over_at(self, centre: str | None) -> bool:
        """Return whether the caller may hand over at this centre: staff at all, a clerk at its own.

        None stands for parcels, which belong to no clerk.
        """
        if self.role != "clerk" or centre is None:
            return self.is_staff
        return self.centres is None or centre in self.centres
