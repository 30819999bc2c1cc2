"""The county's name, contact, mark and colour: kept in the database, and at hand for every page.

Until a coordinator saves them, the settings' name and contact hold. routes.py has the API,
pages/county.py the page.
"""

import asyncio

from sqlalchemy import Connection, insert, select, update

from farmlive.bilingual import Bilingual, one_line
from farmlive.bus import Bus
from farmlive.clock import now_ms
from farmlive.county.icons import square_icon
from farmlive.county.models import CountyProfile
from farmlive.county.tables import county
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.periodic import Periodic, create_task
from farmlive.problems import Invalid
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.files.files import Files

TOPIC = "county"
# How soon a change on another server is here of which the bus did not tell.
UNHEARD_S = 60.0


def of_settings(settings: Settings) -> CountyProfile:
    """Return the county as the settings name it."""
    name = str(one_line(settings.county_name))
    # Nobody checked the settings' name as one that is sent is checked.
    return CountyProfile.model_construct(
        name=Bilingual(zh=name) if name else None, contact=settings.county_contact.strip()
    )


class County:
    """Reads and changes the county's profile. `profile` is the current one, from memory: another
    server's change arrives by the bus, or a minute later where that lost it.
    """

    def __init__(self, store: Store, settings: Settings, bus: Bus):
        self._store = store
        self._bus = bus
        self._files = Files(settings)
        self._first = self.profile = of_settings(settings)
        self._icons: dict[tuple[str, int], bytes] = {}
        self._drawing = asyncio.Lock()
        self._rereading: asyncio.Task[None] | None = None
        # One after another: what was read last is the newest.
        self._turn = asyncio.Lock()
        self._looking = Periodic(
            UNHEARD_S,
            self.reread,
            "whether the county's name was changed is not known",
            "whether the county's name was changed is known again",
        )
        bus.listen(self._hear)

    async def start(self) -> None:
        """Read the profile, and again at an interval."""
        await self.reread()
        await self._looking.start()

    async def stop(self) -> None:
        """Stop reading."""
        await self._looking.stop()

    async def reread(self) -> None:
        """Read the profile."""
        async with self._turn:
            self.profile = await self._store.read(self._read)

    def whom_to_ask(self) -> str:
        """Return its name and contact, as far as they are known, or ""."""
        return self.profile.whom_to_ask

    async def change(self, caller: Caller, wanted: CountyProfile) -> CountyProfile:
        """Replace the profile. Raises Invalid if the mark is no picture of this server."""
        if wanted.mark and not self._files.has(wanted.mark):
            raise Invalid("Nothing was changed: the mark's picture is not here. Choose it again.")

        def write(connection: Connection) -> CountyProfile:
            before = self._read(connection)
            values = {
                "name": wanted.name.model_dump() if wanted.name else {},
                "contact": wanted.contact,
                "phone": wanted.phone,
                "colour": wanted.colour,
                "mark": wanted.mark or "",
                "changed_at": now_ms(),
            }
            if not connection.execute(update(county).values(values)).rowcount:
                connection.execute(insert(county).values(id=1, **values))
            changed = [
                field
                for field in CountyProfile.model_fields
                if getattr(wanted, field) != getattr(before, field)
            ]
            record_action(connection, caller, "county.change", changed=changed)
            return wanted

        async with self._turn:
            self.profile = await self._store.write(write)
        self._bus.publish(TOPIC, b"{}")
        return self.profile

    async def icon(self, edge: int) -> bytes | None:
        """Return the mark as a square PNG of `edge` pixels; None without a mark or its file."""
        mark = self.profile.mark
        path = self._files.path(mark.removeprefix("/files/")) if mark else None
        if not mark or path is None:
            return None
        async with self._drawing:
            if (mark, edge) not in self._icons:
                self._icons = {kept: icon for kept, icon in self._icons.items() if kept[0] == mark}
                self._icons[mark, edge] = await asyncio.to_thread(square_icon, path, edge)
            return self._icons[mark, edge]

    def _read(self, connection: Connection) -> CountyProfile:
        row = connection.execute(select(county)).one_or_none()
        if row is None:
            return self._first
        # As it is stored, even if a newer version has fewer colours.
        return CountyProfile.model_construct(
            name=Bilingual(**row.name) if row.name else None,
            contact=row.contact,
            phone=row.phone,
            colour=row.colour,
            mark=row.mark or None,
        )

    def _hear(self, topic: str, _message: bytes) -> None:
        if topic == TOPIC:
            self._rereading = create_task(self.reread())
