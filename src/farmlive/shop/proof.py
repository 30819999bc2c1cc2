"""The proof of work that an order may have to bring: dear for who orders by the thousand, cheap for
who orders once.
"""

import hashlib

from farmlive.problems import Problem

MAX_BITS = 24


class ProofNeeded(Problem):
    """The order lacks its proof; `bits` says how hard it is."""

    status = 428
    slug = "proof-needed"
    title = "The order needs a proof of work"

    def __init__(self, bits: int):
        super().__init__(
            "Nothing was ordered: many order at the moment, and each order has to bring a proof. "
            f"Find a text so that the SHA-256 of broadcast:key:text begins with {bits} zero bits, "
            "and send it as proof with the same key; the page does that by itself.",
            bits=bits,
        )


def check(broadcast: str, key: str, proof: str | None, bits: int) -> None:
    """Raise ProofNeeded unless SHA-256 of `broadcast:key:proof` begins with so many zero bits."""
    if bits == 0:
        return
    if proof is not None:
        digest = hashlib.sha256(f"{broadcast}:{key}:{proof}".encode()).digest()
        if int.from_bytes(digest) >> (len(digest) * 8 - bits) == 0:
            return
    raise ProofNeeded(bits)
