"""The table by address holds what a dict would."""

from pathlib import Path
from random import Random

from tests.media.engine.native.net.ports_driver import Script, ports_driver

__all__ = ["ports_driver"]


def test_it_holds_what_was_put_and_not_taken(ports_driver: Path) -> None:
    random, script = Random(1), Script()
    held: dict[tuple[str, int], int] = {}
    hosts = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]
    for step in range(20_000):
        # It grows, then empties, and grows again.
        grows = step // 4_000 % 2 == 0
        address = random.choice(hosts), random.randrange(200)
        call = random.choices(("put", "get", "take"), (5 if grows else 1, 2, 1 if grows else 5))[0]
        if call == "put":
            held[address] = random.randrange(8)
            script.call("put", *address, held[address])
        else:
            found = held.pop(address, -1) if call == "take" else held.get(address, -1)
            script.call(call, *address)
            script.says(found, "of", len(held))
    script.play(ports_driver)
