"""docs/store.md: its functions do what it says, as they stand there."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, String, Table, insert

from farmlive.store import Store

GUIDE = Path(__file__).parents[2] / "docs" / "store.md"
metadata = MetaData()
products = Table(
    "test_products",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("archived_at", BigInteger),
)


async def test_the_functions_write_and_read_as_the_guide_says(store: Store) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.S | re.M)
    archived: list[str] = []
    guide: dict[str, Any] = {"products": products, "archived": archived}
    exec(compile(block, str(GUIDE), "exec"), guide)

    await store.write(lambda connection: metadata.create_all(connection))
    rows = [{"id": "jam", "archived_at": None}, {"id": "kumquats", "archived_at": None}]
    await store.write(lambda connection: connection.execute(insert(products), rows) and None)
    assert await guide["on_sale"](store) == ["jam", "kumquats"]
    assert await guide["archive"](store, "jam", 1)
    assert not await guide["archive"](store, "jam", 2)
    assert archived == ["jam"]
    assert await guide["on_sale"](store) == ["kumquats"]
