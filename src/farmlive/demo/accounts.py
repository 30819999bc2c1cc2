"""The demo's accounts, and the keys of its own programs and of outside clients.

All are created once; the demo's notes keep them between starts.
"""

from typing import Any

from farmlive.app import Application
from farmlive.client import Api
from farmlive.demo import county
from farmlive.demo.state import DemoUser
from farmlive.people.accounts.passwords import random_password
from farmlive.people.core.problems import NameTaken
from farmlive.people.core.roles import Role

_PASSWORD = "kumquatjam"  # noqa: S105 - of a demo that only this machine can reach
# In folders from before passwords had 10 characters.
_OLD_PASSWORD = "kumquats"  # noqa: S105
# The films' cameras: the name of the stream key, and what viewers and staff read.
CAMERAS = {"film": "果园 Orchard", "kitchen": "厨房 Kitchen"}
# Name, what viewers read of it, role, and the farm of a seller as youxi.json names it.
_ACCOUNTS: tuple[tuple[str, str, Role, str | None], ...] = (
    ("lin", "林秀珍", "coordinator", None),
    ("chen", "陈晓东", "host", None),
    ("mei", "梅梅", "moderator", None),
    ("wu", "吴建国", "seller", "terraces"),
    ("zhang", "张桂英", "clerk", None),
)


async def set_up_accounts(
    house: Application, notes: dict[str, Any], open_to_others: bool
) -> list[DemoUser]:
    """Create the accounts, or set the passwords for who can reach the demo."""
    known: dict[str, str] = notes.setdefault("passwords", {})
    users: list[DemoUser] = []
    for name, shown, role, farm in _ACCOUNTS:
        password = known.get(name, "")
        if open_to_others and password in ("", _PASSWORD, _OLD_PASSWORD):
            password = random_password()
        elif not open_to_others:
            password = _PASSWORD
        if known.get(name) != password:
            try:
                farms = () if farm is None else (notes["entered"]["farms"][farm],)
                centres = notes["entered"]["centres"][:1] if role == "clerk" else ()
                await house.people.create_account(
                    name, role, password, farms, centres, display_name=shown
                )
            except NameTaken:
                await house.people.set_password(name, password)
        known[name] = password
        users.append({"name": name, "password": password, "role": role})
    return users


async def set_up_api_keys(house: Application, notes: dict[str, Any]) -> dict[str, str]:
    """Return the API keys of the demo's own programs, created once."""
    keys: dict[str, str] = notes.setdefault("api_keys", {})
    if not keys:
        for role, label in (
            ("coordinator", "演示 demo"),
            ("host", "林秀珍"),
            ("simulator", "模拟观众 simulated"),
        ):
            _, keys[role] = await house.people.create_api_key(label, role)  # type: ignore[arg-type]
    return keys


async def adopt_keys(house: Application) -> None:
    """Make the coordinator the owner of keys from before there was an account, so that the page of
    people shows none without an owner.
    """
    lin = await house.people.find_by_name(_ACCOUNTS[0][0])
    if lin.role == "coordinator" and lin.disabled_at is None:
        for each in await house.people.credentials():
            if each.owner is None:
                await house.people.give(each.id, lin.id)


async def set_up_stream_keys(
    api: Api, shown: county.County, notes: dict[str, Any]
) -> dict[str, str]:
    """Return the stream keys of the films, under their names, and of outside clients, by
    broadcast.
    """
    kept: dict[str, str] = notes.get("stream_keys", {})
    wanted = dict.fromkeys(CAMERAS, shown.live)
    wanted |= {broadcast: broadcast for broadcast in (shown.live, shown.spare, shown.scheduled)}
    if notes.get("film_of") != shown.live:
        kept = {name: key for name, key in kept.items() if name not in CAMERAS}
    keys = {}
    for name, broadcast in wanted.items():
        label = CAMERAS.get(name, "外接 Outside client")
        keys[name] = (
            kept.get(name) or (await api.create_stream_key(broadcast, "encoder", label))["key"]
        )
    notes["stream_keys"], notes["film_of"] = keys, shown.live
    return keys
