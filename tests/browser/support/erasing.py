"""A buyer who is sent a code, to see and to erase what is kept of their orders."""

import json
import re

from tests.support.waiting import until

from farmlive.server import Server

NUMBER = "13800000001"  # of `selling.order` number 1


async def code_of(site: Server, number: str) -> str:
    """The code in the last message to the number."""
    found: list[str] = []

    def is_there() -> bool:
        found.clear()
        for path in sorted((site.house.settings.data / "outbox").glob("*.jsonl")):
            for line in path.read_text().splitlines():
                said = json.loads(line)
                if said.get("kind") == "person.code" and said["to"] == number:
                    found.extend(re.findall(r"\b[0-9]{6}\b", said["text"])[:1])
        return bool(found)

    await until(is_there, "the code was sent")
    return found[-1]
