"""Proof of work for an order, a hold or a wait: cheap once, expensive by the thousand."""

import hashlib

from farmlive.problems import Problem

MAX_BITS = 24


class ProofNeeded(Problem):
    """An order, a hold or a wait lacks its proof of work; `bits` is the difficulty."""

    status = 428
    slug = "proof-needed"
    title = "A proof of work is needed"

    def __init__(self, bits: int):
        super().__init__(
            "Nothing was ordered or held: many order at the moment, and each order, hold and wait "
            "has to bring a proof. Find a text so that the SHA-256 of broadcast:key:text begins "
            f"with {bits} zero bits, and send it as proof with the same key; the page does that by "
            "itself.",
            bits=bits,
        )


def check(broadcast: str, key: str | None, proof: str | None, bits: int) -> None:
    """Raise ProofNeeded unless SHA-256 of `broadcast:key:proof` begins with `bits` zero bits.

    The caller must store the key with the request, so that each proof works only once.
    """
    if bits == 0:
        return
    if key is not None and proof is not None:
        digest = hashlib.sha256(f"{broadcast}:{key}:{proof}".encode()).digest()
        if int.from_bytes(digest) >> (len(digest) * 8 - bits) == 0:
            return
    raise ProofNeeded(bits)
