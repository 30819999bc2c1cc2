"""Session descriptions (RFC 8866) as browsers, OBS and ffmpeg write them, parsed tolerantly.

Unknown lines are skipped; a missing required one raises `BadSdp`, which names it.
signalling/negotiation.py decides which formats are accepted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from farmlive.media.wire.errors import BadSdp

_MOST_SECTIONS = 32
_MOST_FEEDBACK = 32
# Characters that some parsers take for a line end, and control characters that no line may contain.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_TOKEN = re.compile(r"[!#-'*+.0-9A-Z^-~-]{1,255}")
# In a packet with a marker these payload types look like RTCP (RFC 5761, section 4).
_NOT_WITH_RTCP = range(64, 96)
# Shorter ones can be guessed, longer ones are not valid ICE (RFC 8839, section 5.4).
_UFRAG, _PASSWORD = range(4, 257), range(22, 257)
_RID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
# The values of lines a=name:value, by name.
_Attributes = dict[str, list[str]]


@dataclass(slots=True)
class Codec:
    """One payload type of a media section."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    parameters: dict[str, str] = field(default_factory=dict)
    format: str = ""
    feedback: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Rid:
    """One of several streams with the same picture (RFC 8851, section 4).

    `restrictions` are its parameters except `pt`; `payload_types` are those of `pt`, empty for any.
    """

    id: str
    payload_types: list[int]
    restrictions: dict[str, str]


@dataclass(slots=True)
class Section:
    """One m-section; it inherits transport attributes of the session level.

    `mid` is generated if the offer has none (`named` is false). `mixed`: one stream may have header
    extensions of one and of two bytes (RFC 8285, section 6), as browsers declare. `rids` are the
    streams that it sends; `simulcast` are those of them that are sent simultaneously, each with its
    alternatives, the most preferred first (RFC 8853, section 5.1). `complete`: it describes the
    transport itself. `formats` are the words of its m-line after the protocol.
    """

    kind: str
    port: int
    mid: str
    named: bool
    protocol: str
    direction: str
    codecs: list[Codec]
    extensions: dict[str, int]
    ufrag: str
    password: str
    fingerprints: list[tuple[str, str]]
    setup: str
    complete: bool
    bundle_only: bool
    reduced_rtcp: bool
    mixed: bool
    reference_times: bool
    rids: dict[str, Rid]
    simulcast: list[list[str]]
    formats: list[str]

    @property
    def is_data_channel(self) -> bool:
        """Whether it offers no media but data channels (RFC 8841)."""
        return self.kind == "application"


@dataclass(slots=True)
class Offer:
    """An offer: its sections; the bundled mids, in order; the mids of lip-sync groups (RFC 5888,
    section 7); its ICE options; and whether the offerer is an ICE-lite agent.
    """

    sections: list[Section]
    bundle: list[str]
    in_step: list[list[str]]
    ice_options: list[str]
    ice_lite: bool

    @property
    def media(self) -> list[Section]:
        """The sections without data channels."""
        return [section for section in self.sections if not section.is_data_channel]


def parse(text: str) -> Offer:
    """Parse an offer. Raises BadSdp."""
    lines = [line.rstrip("\r") for line in text.strip().split("\n")]
    if not lines or lines[0] != "v=0":
        raise BadSdp("A session description begins with the line v=0; send the offer as it is.")
    clean = not _CONTROL.search("\n".join(lines))
    shared: _Attributes = {}
    blocks: list[tuple[str, _Attributes]] = []
    own = shared
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if len(line) < 2 or line[1] != "=" or not line[0].islower():
            raise BadSdp(f"Line {number} is not of the form letter=value; send the offer as it is.")
        if not clean and _CONTROL.search(line):
            raise BadSdp(f"There is a control character in line {number}; send the offer as it is.")
        if line.startswith("m="):
            own = {}
            blocks.append((line, own))
            if len(blocks) > _MOST_SECTIONS:
                raise BadSdp(f"More than {_MOST_SECTIONS} m-lines; send one audio and one video.")
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            own.setdefault(name, []).append(value.strip())
    if not blocks:
        raise BadSdp("There is no m-line; offer at least one audio or video section.")
    bundle: list[str] = []
    in_step: list[list[str]] = []
    for value in shared.get("group", ()):
        words = value.split()
        if words and words[0] == "BUNDLE":
            bundle = list(dict.fromkeys(words[1:]))
        elif words and words[0] == "LS":
            in_step.append(words[1:])
    sections = [_section(*block, shared, str(index)) for index, block in enumerate(blocks)]
    options = shared.get("ice-options") or blocks[0][1].get("ice-options") or [""]
    # libdatachannel separates options by commas.
    words = options[0].replace(",", " ").split()
    return Offer(sections, bundle, in_step, words, "ice-lite" in shared)


def decimal(text: str, most: int) -> int | None:
    """Return the number that the text is in ASCII digits; None unless it is from 0 to `most`."""
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        return None
    value = int(text)
    return value if value <= most else None


def _section(line: str, own: _Attributes, shared: _Attributes, position: str) -> Section:
    words = line[2:].split()
    port = decimal(words[1].partition("/")[0], 0xFFFF) if len(words) >= 4 else None
    if port is None:
        raise BadSdp(f"The line {line[:60]!r} is not a media description.")

    def first(name: str) -> str:
        values = own.get(name) or shared.get(name) or [""]
        return values[0]

    direction = next((name for name in _DIRECTIONS if name in own), None)
    if direction is None:
        direction = next((name for name in _DIRECTIONS if name in shared), "sendrecv")
    extensions: dict[str, int] = {}
    for value in own.get("extmap", ()):
        parts = value.split()
        identity = decimal(parts[0].partition("/")[0], 255) if len(parts) >= 2 else None
        if identity:
            extensions[parts[1]] = identity
    fingerprints = []
    for value in own.get("fingerprint") or shared.get("fingerprint") or []:
        algorithm, _, digest = value.partition(" ")
        if digest:
            fingerprints.append((algorithm.lower(), digest.strip()))
    mid = first("mid")
    if mid and not _TOKEN.fullmatch(mid):
        raise BadSdp(f"The line a=mid:{mid[:60]} names no section; send the offer as it is.")
    rids = _rids(own.get("rid", ()))
    return Section(
        kind=words[0],
        port=port,
        mid=mid or position,
        named=bool(mid),
        protocol=words[2],
        direction=direction,
        codecs=_codecs(words[3:], own) if words[0] in ("audio", "video") else [],
        extensions=extensions,
        ufrag=first("ice-ufrag"),
        password=first("ice-pwd"),
        fingerprints=fingerprints,
        setup=first("setup"),
        complete="setup" in own,
        bundle_only="bundle-only" in own,
        reduced_rtcp="rtcp-rsize" in own,
        mixed="extmap-allow-mixed" in own or "extmap-allow-mixed" in shared,
        reference_times=any("rcvr-rtt=" in value for value in own.get("rtcp-xr", ())),
        rids=rids,
        simulcast=_simulcast(first("simulcast"), rids),
        formats=words[3:],
    )


def _rids(values: Iterable[str]) -> dict[str, Rid]:
    """Return the streams of direction `send`; skip a line that can't be parsed (RFC 8851, section
    6.2.2).
    """
    rids: dict[str, Rid] = {}
    for value in values:
        words = value.split(None, 2)
        if len(words) < 2 or words[1] != "send" or not _RID.fullmatch(words[0]):
            continue
        restrictions: dict[str, str] = {}
        for part in (words[2] if len(words) > 2 else "").split(";"):
            name, _, setting = part.strip().partition("=")
            if name:
                restrictions[name] = setting.strip()
        types = _payload_types(restrictions.pop("pt", "").split(","))
        rids[words[0]] = Rid(words[0], types, restrictions)
    return rids


def _simulcast(value: str, rids: dict[str, Rid]) -> list[list[str]]:
    words = value.split()
    at = words.index("send") + 1 if "send" in words else len(words)
    listed = words[at] if at < len(words) else ""
    streams = [[name.lstrip("~") for name in each.split(",")] for each in listed.split(";")]
    known = [[name for name in names if name in rids] for names in streams]
    return [names for names in known if names]


def _payload_types(words: Iterable[str]) -> list[int]:
    """Return each valid payload type once."""
    numbers = (decimal(word, 127) for word in words)
    return list(dict.fromkeys(each for each in numbers if each is not None))


def _codecs(words: list[str], own: _Attributes) -> list[Codec]:
    """Return the codecs in the order of the m-line, which is the offerer's preference."""
    types = [each for each in _payload_types(words) if each not in _NOT_WITH_RTCP]
    codecs: dict[int, Codec] = {}
    for value in own.get("rtpmap", ()):
        word, _, rest = value.partition(" ")
        parts = rest.strip().split("/")
        payload_type = decimal(word, 127)
        if payload_type is None or payload_type not in types:
            continue
        if len(parts) < 2 or not _TOKEN.fullmatch(parts[0]):
            continue
        clock_rate = decimal(parts[1], 0xFFFFFFFF)
        if not clock_rate:
            raise BadSdp(f"The line a=rtpmap:{value[:60]} is not a payload type with a clock rate.")
        channels = decimal(parts[2], 255) if len(parts) > 2 else None
        codecs[payload_type] = Codec(payload_type, parts[0], clock_rate, channels or 1)
    for value in own.get("fmtp", ()):
        word, _, rest = value.partition(" ")
        payload_type = decimal(word, 127)
        codec = codecs.get(payload_type) if payload_type is not None else None
        if codec is None:
            continue
        codec.format = rest.strip()
        for part in rest.split(";"):
            name, _, setting = part.strip().partition("=")
            if name:
                codec.parameters[name.lower()] = setting.strip()
    named = {str(payload_type): [codec] for payload_type, codec in codecs.items()}
    named["*"] = list(codecs.values())
    for value in own.get("rtcp-fb", ()):
        word, _, rest = value.partition(" ")
        said = rest.strip()
        for codec in named.get(word, ()):
            known = codec.feedback
            if said not in known and len(known) < _MOST_FEEDBACK:
                known.append(said)
    return [codecs[each] for each in types if each in codecs]


@dataclass(slots=True)
class Fragment:
    """A trickle ICE fragment (RFC 8840); its credentials are empty strings if absent."""

    ufrag: str
    password: str


def parse_fragment(text: str) -> Fragment:
    """Parse an `application/trickle-ice-sdpfrag` body. Raises BadSdp.

    Candidates are ignored: an ICE-lite server answers at the addresses that checks come from, so
    that an unresolvable candidate, or one of an unknown transport, does no harm (RFC 9725, section
    4.3.2).
    """
    found: dict[str, str] = {}
    for line in text.replace("\r", "").split("\n"):
        if not line:
            continue
        if len(line) < 2 or line[1] != "=":
            raise BadSdp("A line of the fragment is not of the form letter=value.")
        name, _, value = line[2:].partition(":")
        if line[0] == "a" and name in ("ice-ufrag", "ice-pwd"):
            found.setdefault(name, value.strip())
    ufrag, password = found.get("ice-ufrag", ""), found.get("ice-pwd", "")
    if ufrag or password:
        check_credentials(ufrag, password)
    return Fragment(ufrag, password)


def check_credentials(ufrag: str, password: str) -> None:
    """Raise BadSdp unless both are present, ASCII, and of ICE's lengths (RFC 8839, section 5.4)."""
    if not ufrag or not password:
        raise BadSdp("Send a=ice-ufrag and a=ice-pwd together.")
    if len(ufrag) not in _UFRAG or len(password) not in _PASSWORD:
        raise BadSdp(
            "ICE credentials have the wrong length: a=ice-ufrag has 4 to 256 characters, a=ice-pwd "
            "22 to 256."
        )
    if not (ufrag + password).isascii():
        raise BadSdp("Send ICE credentials of ASCII letters, digits, + and / (RFC 8839).")
