"""Which layers of a simulcast offer are taken, and in which order of quality."""

import pytest
from tests.media.support.offer_sdp import AUDIO, LOCAL, VIDEO, offer

from farmlive.media.signalling import negotiation, simulcast
from farmlive.media.wire.sdp import Section, parse

EXTENSIONS = f"""a=extmap:9 {simulcast.MID}
a=extmap:10 {simulcast.RID}
a=extmap:11 {simulcast.REPAIRED_RID}
"""


def section(lines: str) -> Section:
    return parse(offer("sendonly", VIDEO + EXTENSIONS + lines)).sections[0]


def rids(lines: str) -> list[str]:
    layers = simulcast.accept(section(lines), 98)
    return list(layers.rids) if layers else []


def named(*names: str) -> str:
    lines = "".join(f"a=rid:{name} send\n" for name in names)
    return f"{lines}a=simulcast:send {';'.join(names)}\n"


def test_a_publisher_may_send_the_layers_that_it_offers() -> None:
    video = VIDEO + EXTENSIONS + named("q", "h", "f")
    answer, publishing, _ = negotiation.publish(offer("sendonly", AUDIO, video), LOCAL)
    audio, picture = publishing.tracks
    assert (list(audio.layers), list(picture.layers)) == ([], ["q", "h", "f"])
    assert (publishing.rid, publishing.repaired_rid, publishing.transport_cc) == (10, 11, 3)
    lines = answer.split("\r\n")
    for line in ("a=rid:q recv", "a=rid:h recv", "a=rid:f recv", "a=simulcast:recv q;h;f"):
        assert lines.count(line) == 1
    for line in EXTENSIONS.splitlines():
        assert lines.count(line) == 1


def test_without_simulcast_nothing_of_it_is_answered() -> None:
    answer, publishing, _ = negotiation.publish(
        offer("sendonly", AUDIO, VIDEO + EXTENSIONS + "a=rid:f send\n"), LOCAL
    )
    assert (publishing.rid, publishing.repaired_rid) == (None, None)
    assert "a=rid" not in answer
    assert "simulcast" not in answer
    assert simulcast.RID not in answer


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # By what restricts them, whatever the order and the names.
        (
            "a=rid:q send max-width=1280;max-height=720\na=rid:h send max-width=320\n"
            "a=rid:f send max-width=640\na=simulcast:send q;h;f\n",
            ["h", "f", "q"],
        ),
        # By names in common use.
        (named("f", "h", "q"), ["q", "h", "f"]),
        (named("h", "f"), ["h", "f"]),
        (named("high", "low", "mid"), ["low", "mid", "high"]),
        # Else the first is the most wanted one, but for browsers.
        (named("0", "1", "2"), ["2", "1", "0"]),
        (named("r0", "r1", "r2") + "a=extmap-allow-mixed\n", ["r0", "r1", "r2"]),
        # Four at most; those that are wanted most.
        (named("a", "b", "c", "d", "e"), ["d", "c", "b", "a"]),
        # One of several alternatives, and those that are paused at first too.
        (
            "a=rid:a send\na=rid:b send\na=rid:c send\na=simulcast:send a,b;~c\n",
            ["c", "a"],
        ),
        # Only those that may carry the codec that is taken.
        (
            "a=rid:a send pt=96\na=rid:b send pt=98,100\na=rid:c send\na=rid:d send pt=98\n"
            "a=simulcast:send a,b;c;d\n",
            ["d", "c", "b"],
        ),
        # One layer is no simulcast; nor is what can't be read.
        (named("a"), []),
        ("a=rid:a send\na=rid:b recv\na=rid:c/ send\na=simulcast:send a;b;c/\n", []),
        ("a=simulcast:send\n", []),
        ("a=simulcast:recv a;b\na=rid:a send\na=rid:b send\n", []),
    ],
)
def test_the_layers_are_ordered_by_quality(lines: str, expected: list[str]) -> None:
    assert rids(lines) == expected


def test_restrictions_are_repeated_for_the_codec_that_is_taken() -> None:
    layers = simulcast.accept(
        section(
            "a=rid:a send pt=98,100;max-width=640\na=rid:b send max-fps=30\na=simulcast:send a;b\n"
        ),
        98,
    )
    assert layers is not None
    assert list(layers.lines) == [
        "a=rid:a recv pt=98;max-width=640",
        "a=rid:b recv max-fps=30",
        "a=simulcast:recv a;b",
    ]


def test_layers_that_packets_do_not_name_are_not_taken() -> None:
    text = VIDEO + named("q", "f")
    assert simulcast.accept(parse(offer("sendonly", text)).sections[0], 98) is None
