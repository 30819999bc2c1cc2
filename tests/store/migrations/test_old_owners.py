"""Keys and links from before they had owners: the audit list tells whose they are, but of API keys,
which get an owner from a coordinator.
"""

from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.people.core.lookups import Airing
from farmlive.people.keys import api_keys, credentials, guests, invitations, stream_keys
from farmlive.settings import Settings

BROADCAST = "01JD00000000000000000000A1"
HERE, GONE = "01JD0000000000000000000011", "01JD0000000000000000000012"
FAR = 1 << 50


def fill(connection: Connection) -> None:
    for account, disabled_at in ((HERE, None), (GONE, 5)):
        put(
            connection,
            "accounts",
            id=account,
            name=f"name{account[-1]}",
            password_hash="x",
            role="coordinator",
            created_at=1,
            farms="[]",
            disabled_at=disabled_at,
        )
    made = 0

    def note(action: str, subject: str, account: str | None) -> None:
        nonlocal made
        made += 1
        put(
            connection,
            "audit",
            id=f"{made:026}",
            at=1,
            account=account,
            name="x",
            action=action,
            subject=subject,
            detail="{}",
        )

    owners: dict[str, str | None] = {"here": HERE, "gone": GONE, "none": None}
    for mark, owner in owners.items():
        put(
            connection,
            "api_keys",
            id=f"a-{mark}",
            hash=f"a-{mark}",
            label=mark,
            role="host",
            created_at=1,
            farms="[]",
        )
        note("key.add", f"a-{mark}", owner)
        put(
            connection,
            "invitations",
            id=f"i-{mark}",
            hash=f"i-{mark}",
            role="host",
            farms="[]",
            label=mark,
            created_at=1,
            expires_at=FAR,
        )
        note("invitation.add", f"i-{mark}", owner)
        for kind in ("s", "g"):
            put(
                connection,
                "sources",
                id=f"{kind}-source-{mark}",
                broadcast=BROADCAST,
                label=mark,
                created_at=1,
                guest=kind == "g",
            )
            put(
                connection,
                "stream_keys",
                id=f"{kind}-key-{mark}",
                hash=f"{kind}-key-{mark}",
                source=f"{kind}-source-{mark}",
                purpose="guest" if kind == "g" else "encoder",
                created_at=1,
            )
        note("stream_key.add", f"s-key-{mark}", owner)
        put(
            connection,
            "guests",
            id=f"g-{mark}",
            hash=f"g-{mark}",
            source=f"g-source-{mark}",
            created_at=1,
            expires_at=FAR,
        )
        note("guest.add", f"g-{mark}", owner)


@on_both_databases
async def test_owners_are_those_that_the_audit_list_tells(
    engine: Engine, settings: Settings
) -> None:
    async with migrated(engine, settings, "0030", fill) as store:
        keys = await store.read(api_keys.list_keys)
        links = await store.read(invitations.list_open)
        cameras = await store.read(lambda conn: stream_keys.working(conn, BROADCAST))
        visitors = await store.read(lambda conn: guests.list_open(conn, BROADCAST))
        owners = await store.read(
            lambda conn: credentials.list_credentials(
                conn, lambda _: {BROADCAST: Airing({"en": "Old"})}
            )
        )
        # The key of a guest ends with the guest's link.
        over = await store.write(lambda conn: credentials.end_all(conn, None, HERE))
    for found in (links, cameras, visitors):
        assert {each.id.rpartition("-")[2]: each.owner for each in found} == {
            "here": HERE,
            "gone": None,
            "none": None,
        }
    assert {each.owner for each in keys} == {None}
    assert [each.owner for each in owners].count(HERE) == 3
    assert len(owners) == 12
    assert over == {"s-key-here", "g-key-here"}
