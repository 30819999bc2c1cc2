"""Clauses on the text of the answer: sections, bundle, ICE, DTLS, formats, simulcast (RFC 9725,
sections 4.4 and 4.8; draft-ietf-wish-whep-03, section 4.5; RFC 9429, section 5.3.1; RFC 9143).
"""

import re
from collections.abc import Iterator

from farmlive.conformance.clause import Registry
from farmlive.conformance.description import Media
from farmlive.conformance.target import OpenedSession, Target
from farmlive.conformance.verdict import NotApplicable, expect, response_words

CHECKS = Registry()
_OF_TRANSPORT = ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "candidate", "end-of-candidates")
_RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
_REPAIRED = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


async def _pairs(server: Target) -> tuple[OpenedSession, list[tuple[Media, Media]]]:
    made = await server.sample()
    sections = list(zip(made.offer.media, made.answer.media, strict=False))
    return made, sections


# Bundle and streams.


@CHECKS.clause(
    "MUST",
    "All media go over one transport",
    "one BUNDLE group with every mid",
    whip="4.4.1",
    whep="4.5.1",
)
async def bundled(server: Target) -> None:
    """Look at a=group of the answer."""
    made = await server.sample()
    mids = [mid for media in made.offer.media for mid in media.values("mid")]
    expect(made.answer.bundles() == [mids], f"the groups are {made.answer.bundles()}")


@CHECKS.clause(
    "MUST",
    "RTP and RTCP go over one port",
    "a=rtcp-mux-only in each bundled section",
    whip="4.4.1",
    whep="4.5.1",
)
async def mux_only(server: Target) -> None:
    """Look at each section of the answer."""
    made = await server.sample()
    without = [media.kind for media in made.answer.media if not media.has("rtcp-mux-only")]
    expect(not without, f"it is not in {', '.join(without)}")


@CHECKS.clause(
    "MUST",
    "More tracks than are supported are refused",
    "422 or 400 for two video sections",
    whip="4.4.2",
    rude=1,
)
async def two_videos(server: Target) -> None:
    """POST an offer with a second video section."""

    text = server.offer()
    video = text[text.index("m=video") :]
    second = video.replace("a=mid:1", "a=mid:2").replace("check-video", "check-second")
    for number in ("1002", "1003"):
        second = second.replace(number, f"2{number[1:]}")
    response = await server.post(text.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + second)
    if response.status_code == 201:
        raise NotApplicable("it takes two video tracks")
    expect(response.status_code in (400, 422), response_words(response))


@CHECKS.clause(
    "MUST",
    "All tracks are of one stream",
    "a=msid in each section, with one stream's name",
    whep="4.5.2",
)
async def one_stream(server: Target) -> None:
    """Look at a=msid of each section."""
    made = await server.sample()
    names = [
        {value.split()[0] for value in media.values("msid") if value} for media in made.answer.media
    ]
    expect(all(names), "a section has no msid")
    expect(len(set.union(*names)) == 1, f"the streams are {sorted(set.union(*names))}")


@CHECKS.clause(
    "SHOULD",
    "A session has all offered tracks or is refused",
    "422 or 400, not a section with port 0",
    whip="4.4.3",
    rude=1,
)
async def no_partial(server: Target) -> None:
    """POST an offer whose sound is in a codec that nobody knows."""
    response = await server.post(server.offer().replace("opus/48000/2", "G000/48000/2"))
    if response.status_code == 201:
        expect("m=audio 0 " not in response.text, "the sound was left out of the answer")
        raise NotApplicable("the server answers whatever codecs are offered")
    expect(response.status_code in (400, 422), response_words(response))


# The parts of an answer.


@CHECKS.clause(
    "MUST",
    "The answer has the offer's sections",
    "as many, of the same kinds and protocols, in the same order, with the same mids",
    both="RFC 9429 §5.3.1",
)
async def sections(server: Target) -> None:
    """Hold the answer against the offer."""
    made, pairs = await _pairs(server)
    expect(len(made.answer.media) == len(made.offer.media), f"it has {len(made.answer.media)}")
    for asked, told in pairs:
        for name in ("kind", "protocol"):
            expect(getattr(asked, name) == getattr(told, name), f"a section's {name} differs")
        expect(asked.values("mid") == told.values("mid"), f"mid is {told.values('mid')}")


@CHECKS.clause("MUST", "No section is bundle-only", "no a=bundle-only", both="RFC 9429 §5.3.1")
async def not_bundle_only(server: Target) -> None:
    """Look at each section of the answer."""
    made = await server.sample()
    expect(not made.answer.everywhere("bundle-only"), "a=bundle-only is there")


@CHECKS.clause(
    "MUST",
    "The answer has only ICE options that were offered",
    "trickle and ice2 only where the offer has them",
    both="RFC 9429 §5.3.1",
)
async def ice_options(server: Target) -> None:
    """POST an offer without a=ice-options."""
    made = await server.open_session(
        lambda text: text.replace("a=ice-options:trickle ice2\r\n", "")
    )
    told = " ".join(made.answer.everywhere("ice-options"))
    expect(not {"trickle", "ice2"} & set(told.split()), f"it answered {told!r}")


@CHECKS.clause(
    "MUST",
    "Formats are those that were offered",
    "each payload type with the offer's codec, and each RTX with its codec",
    both="RFC 9429 §5.3.1",
)
async def formats(server: Target) -> None:
    """Hold a=rtpmap of each section against the offer."""
    _, pairs = await _pairs(server)
    for asked, told in pairs:
        known, answered = _codecs(asked), _codecs(told)
        common = {number for number in answered if number in known}
        expect(common, f"the {told.kind} section has no payload type of the offer")
        for number in sorted(common):
            expect(
                known[number].lower() == answered[number].lower(),
                f"{number} was {known[number]} and is {answered[number]}",
            )
        for value in told.values("fmtp"):
            number, _, rest = value.partition(" ")
            found = re.search(r"\bapt=(\d+)", rest)
            if found and number in told.formats:
                expect(found[1] in told.formats, f"{number} repairs {found[1]}, which is not there")


@CHECKS.clause(
    "MUST",
    "Feedback is of kinds that were offered",
    "no a=rtcp-fb that the offer lacks",
    both="RFC 9429 §5.3.1",
)
async def feedback(server: Target) -> None:
    """Hold a=rtcp-fb of each section against the offer."""
    _, pairs = await _pairs(server)
    for asked, told in pairs:
        known = set(_feedback(asked))
        for number, what in _feedback(told):
            expect((number, what) in known, f"{what} for {number} was not offered")


@CHECKS.clause(
    "MUST",
    "Header extensions are those that were offered",
    "the same identifiers for the same names",
    both="RFC 8285 §6",
)
async def extensions(server: Target) -> None:
    """Hold a=extmap of each section against the offer."""
    _, pairs = await _pairs(server)
    for asked, told in pairs:
        known = set(_extensions(asked))
        for number, name in _extensions(told):
            expect((number, name) in known, f"{number} for {name} was not offered")


@CHECKS.clause(
    "MUST",
    "The answer agrees to the MID extension",
    "a=extmap with urn:ietf:params:rtp-hdrext:sdes:mid in each bundled section",
    both="RFC 9143 §9.1",
)
async def mid_extension(server: Target) -> None:
    """Look at a=extmap of each section."""
    _, pairs = await _pairs(server)
    for asked, told in pairs:
        if _MID in (name for _, name in _extensions(asked)):
            names = [name for _, name in _extensions(told)]
            expect(_MID in names, f"the {told.kind} section has it not")


@CHECKS.clause(
    "MUST",
    "The transport is described once",
    "ICE, DTLS and candidates only in the first section or before all",
    both="RFC 9143 §7.1.3",
)
async def once(server: Target) -> None:
    """Look for such lines in the other sections."""
    made = await server.sample()
    found = {name for media in made.answer.media[1:] for name in _OF_TRANSPORT if media.has(name)}
    expect(not found, f"it is repeated: {', '.join(sorted(found))}")


@CHECKS.clause(
    "MUST",
    "RTCP has no port of its own",
    "no a=rtcp in a bundled section",
    both="RFC 9143 §9.3.1.2",
)
async def no_rtcp_port(server: Target) -> None:
    """Look for a=rtcp in each section."""
    made = await server.sample()
    expect(not made.answer.everywhere("rtcp"), "a=rtcp is there")


# ICE and DTLS.


@CHECKS.clause(
    "MUST",
    "ICE credentials are long enough",
    "ice-ufrag of 4 characters or more, ice-pwd of 22 or more",
    both="RFC 8839 §5.4",
)
async def credentials(server: Target) -> None:
    """Look at the answer."""
    made = await server.sample()
    for name, least in (("ice-ufrag", 4), ("ice-pwd", 22)):
        values = made.answer.everywhere(name)
        expect(values, f"there is no {name}")
        short = [value for value in values if not least <= len(value) <= 256]
        expect(not short, f"{name} has {len(short[0]) if short else 0} characters")


@CHECKS.clause(
    "MUST", "ICE credentials are new for each session", "others each time", both="RFC 8445 §5.3"
)
async def new_credentials(server: Target) -> None:
    """Make two sessions and compare."""
    first = (await server.sample()).answer.everywhere("ice-pwd")
    second = (await server.open_session()).answer.everywhere("ice-pwd")
    expect(not set(first) & set(second), "two sessions have one password")


@CHECKS.clause(
    "MUST",
    "ICE-lite is a session-level attribute",
    "a=ice-lite before all sections",
    both="RFC 8839 §5.3",
)
async def lite(server: Target) -> None:
    """Look for a=ice-lite."""
    made = await server.sample()
    inside = any(media.has("ice-lite") for media in made.answer.media)
    expect(not inside, "a=ice-lite stands in a section")
    if not made.answer.values("ice-lite"):
        raise NotApplicable("it is a full ICE agent")


@CHECKS.clause(
    "MUST",
    "Candidates can be read",
    "foundation, component, transport, priority, address, port and type; by TCP a tcptype",
    both="RFC 8839 §5.1",
)
async def candidate_lines(server: Target) -> None:
    """Read each a=candidate."""
    made = await server.sample()
    for value in made.answer.everywhere("candidate"):
        words = value.split()
        readable = len(words) >= 8 and words[6] == "typ"
        numbers = readable and all(words[at].isdecimal() for at in (1, 3, 5))
        expect(readable and numbers, f"{value!r} is no candidate")
        if words[2].lower() == "tcp":
            expect("tcptype" in words, f"{value!r} has no tcptype")


@CHECKS.clause(
    "MUST",
    "DTLS has its role and its fingerprint",
    "a=setup active or passive, and a=fingerprint of SHA-256 or stronger",
    both="RFC 8842 §5.3",
)
async def dtls(server: Target) -> None:
    """Look at the answer to a=setup:actpass."""
    made = await server.sample()
    roles = set(made.answer.everywhere("setup"))
    expect(roles in ({"active"}, {"passive"}), f"a=setup is {sorted(roles)}")
    algorithms = {value.split()[0].lower() for value in made.answer.everywhere("fingerprint")}
    strong = algorithms & {"sha-256", "sha-384", "sha-512"}
    expect(strong, f"the fingerprints are of {sorted(algorithms)}")


# Simulcast.


@CHECKS.clause(
    "MUST",
    "A simulcast is answered by its rules",
    "a=simulcast:recv and a=rid:… recv with RIDs of the offer, or none of it",
    whip="4.8",
)
async def simulcast(server: Target) -> None:
    """POST an offer of three layers."""
    made = await server.open_session(_three_layers)
    video = next(media for media in made.answer.media if media.kind == "video")
    rids, told = video.values("rid"), video.values("simulcast")
    if not told:
        expect(not rids, "a=rid without a=simulcast")
        raise NotApplicable("it takes no simulcast")
    words = told[0].split()
    expect(words[0] == "recv" and len(words) == 2, f"a=simulcast is {told[0]!r}")
    taken = [name.lstrip("~") for name in re.split("[;,]", words[1])]
    expect(set(taken) <= {"q", "h", "f"}, f"it takes {taken}")
    answered = {value.split()[0]: value.split()[1] for value in rids}
    expect(set(answered) == set(taken), f"a=rid is for {sorted(answered)}, a=simulcast {taken}")
    expect(set(answered.values()) == {"recv"}, f"a=rid is {sorted(set(answered.values()))}")


@CHECKS.clause(
    "MUST",
    "The layers of a simulcast are distinguishable",
    "the header extension rtp-stream-id is accepted",
    whip="RFC 8853 §5.5",
)
async def layers_named(server: Target) -> None:
    """POST an offer of three layers."""
    made = await server.open_session(_three_layers)
    video = next(media for media in made.answer.media if media.kind == "video")
    if not video.has("simulcast"):
        raise NotApplicable("it takes no simulcast")
    names = [name for _, name in _extensions(video)]
    expect(_RID in names, "rtp-stream-id is not in the answer")


def _three_layers(text: str) -> str:
    lines = [
        f"a=extmap:10 {_RID}",
        f"a=extmap:11 {_REPAIRED}",
        *(f"a=rid:{name} send" for name in "qhf"),
        "a=simulcast:send q;h;f",
    ]
    kept = [
        line
        for line in text.rstrip().split("\r\n")
        if not line.startswith(("a=ssrc:1002", "a=ssrc:1003", "a=ssrc-group"))
    ]
    return "\r\n".join([*kept, *lines, ""])


def _codecs(media: Media) -> dict[str, str]:
    values = [value.split(None, 1) for value in media.values("rtpmap")]
    return {words[0]: words[1] for words in values if len(words) == 2 and words[0] in media.formats}


def _feedback(media: Media) -> Iterator[tuple[str, str]]:
    for value in media.values("rtcp-fb"):
        number, _, what = value.partition(" ")
        yield number, what.strip()


def _extensions(media: Media) -> Iterator[tuple[str, str]]:
    for value in media.values("extmap"):
        words = value.split()
        if len(words) >= 2:
            yield words[0].partition("/")[0], words[1]
