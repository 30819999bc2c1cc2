"""What every bench of one server stands on: a core for the server, another for its load."""

from dataclasses import dataclass, field
from typing import Any

from benches.awake import Awake


@dataclass
class Rig:
    """The cores of server and load, and the means of measuring."""

    library: Any
    cores: list[int]
    awake: Awake
    direct_ns: float = field(default=0.0, kw_only=True)  # the median without a server

    @property
    def pinned(self) -> tuple[str, ...]:
        """The words that keep a server on its core."""
        return ("taskset", "-c", str(self.cores[0])) if len(self.cores) > 1 else ()

    @property
    def beside(self) -> tuple[str, ...]:
        """The words that keep a database with the load."""
        return ("taskset", "-c", str(self.cores[-1])) if len(self.cores) > 1 else ()

    @property
    def free(self) -> tuple[str, ...]:
        """The words that give a server every core, though its load is kept on one."""
        return ("taskset", "-c", ",".join(map(str, self.cores)))

    def added(self, delays_ns: list[int]) -> dict[str, float]:
        """By how many ms packets were later than without a server."""
        return {
            name: round((delay - self.direct_ns) / 1e6, 3)
            for name, delay in zip(("p50", "p99"), delays_ns, strict=True)
        }
