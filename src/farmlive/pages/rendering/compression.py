"""Content coding by gzip (RFC 9110, section 8.4): what a client accepts, and which files gain.

Only contents that are the same for everyone pass here. A response with a secret of one visitor
beside text that somebody else chose is never compressed: its length would tell of the secret
(BREACH).
"""

import gzip

# Text gains; pictures and fonts are compressed in their own formats.
SUFFIXES = frozenset({".css", ".html", ".js", ".json", ".md", ".svg", ".txt"})
# Text of so few bytes fits one packet as it is.
LEAST_BYTES = 300
_LEVEL = 9


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header takes gzip (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept_encoding[:1000].lower().split(","):
        coding, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weights[coding.strip()] = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    # x-gzip is the same coding (section 8.4.1.3); `*` stands for those that are not named.
    named = [weights[name] for name in ("gzip", "x-gzip") if name in weights]
    return (named[0] if named else weights.get("*", 0.0)) > 0


def compress(content: bytes) -> bytes | None:
    """Return the content in gzip, the same bytes each time; None where it would gain nothing."""
    if len(content) < LEAST_BYTES:
        return None
    coded = gzip.compress(content, _LEVEL, mtime=0)
    return coded if len(coded) < len(content) else None
