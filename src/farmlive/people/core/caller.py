"""The caller: who sent a request or holds a channel, and what the role lets them do.

Decisions about roles only; who it is, guard.py finds out.
"""

from dataclasses import dataclass, field

from farmlive.people.core.models import KeyRole


@dataclass(frozen=True)
class Caller:
    """Who sent a request or holds a channel.

    `account` and `name` are those of the signed-in account; a program with an API key has the
    key's label for its name. `role` is None for a viewer. `device` is the pseudonym of the
    browser. `address` is for limits and blocks: an IPv6 address is given as its /64, and it is None
    where an unnamed proxy hides it, so that nothing is counted by it. `csrf` is set where a cookie
    signs in. `farms` are those of a seller, and empty for everyone else. `centres` are those of a
    clerk, and empty for everyone else; None for a clerk from before clerks belonged to centres, who
    keeps all of them until a coordinator chooses. `display_name`
    is what viewers read of an account, in place of its `name`, which they never do. `key_owner` is
    the account that owns the API key by which a program comes (`by_key`), and
    `key` that key's id. `weak_password`: pages
    ask for another one. `authenticated_at` is when a session's owner last authenticated
    (reauthentication.py), in milliseconds since 1970; None for what is no session. `second_factor`,
    `factor_asked_at` and `factor_extensions` are the account's.
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
        """The account that owns the keys and links that this caller makes: its own, or that of the
        API key. None for a key without an owner.
        """
        return self.account or self.key_owner

    @property
    def is_staff(self) -> bool:
        """Whether the caller runs broadcasts: a coordinator or a host."""
        return self.role in ("coordinator", "host")

    @property
    def is_crew(self) -> bool:
        """Whether the caller stands by a broadcast: staff, or a moderator."""
        return self.is_staff or self.role == "moderator"

    @property
    def owner(self) -> str:
        """The owner of the files that this account or API key uploads (store/files/uploads.py)."""
        return f"account:{self.account}" if self.account else f"key:{self.name}"

    @property
    def simulated(self) -> bool:
        """Whether the caller is one of the demo's people; all it does is marked as such."""
        return self.role == "simulator"

    def may_farm(self, farm: str) -> bool:
        """Whether the caller keeps this farm: staff keep all, a seller its own."""
        return self.is_staff or (self.role == "seller" and farm in self.farms)

    def may_centre(self, centre: str | None) -> bool:
        """Whether the caller hands over at this centre: staff at all, a clerk at its own.

        None is what goes by parcel, which is no clerk's.
        """
        if self.role != "clerk" or centre is None:
            return self.is_staff
        return self.centres is None or centre in self.centres
