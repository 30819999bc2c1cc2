"""The roles of accounts and API keys, and the groups of them that several rooms mean."""

from typing import Literal, get_args

Role = Literal["coordinator", "host", "moderator", "seller", "clerk"]
KeyRole = Literal[Role, "simulator"]
ROLES: tuple[Role, ...] = get_args(Role)
# Those who run broadcasts, who work on one, and who keep lots and products.
STAFF: tuple[Role, ...] = ("coordinator", "host")
CREW: tuple[Role, ...] = (*STAFF, "moderator")
GROWERS: tuple[Role, ...] = (*STAFF, "seller")
