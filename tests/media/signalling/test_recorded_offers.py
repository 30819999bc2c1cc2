"""What we answer to the recorded offers of other makers, held against the clauses on SDP."""

import httpx
import pytest
from tests.media.support.recorded_offers import LOCAL, OFFERS, SSRCS

from farmlive.client.media import sdp
from farmlive.conformance import description, sdp_checks
from farmlive.conformance.clause import Clause, number_clauses
from farmlive.conformance.registry import check_clause
from farmlive.conformance.target import OpenedSession, Target
from farmlive.conformance.verdict import Kind
from farmlive.media.signalling import negotiation

# The others make sessions with offers of their own.
ON_ONE_ANSWER = {
    sdp_checks.bundled,
    sdp_checks.mux_only,
    sdp_checks.one_stream,
    sdp_checks.sections,
    sdp_checks.not_bundle_only,
    sdp_checks.formats,
    sdp_checks.feedback,
    sdp_checks.extensions,
    sdp_checks.mid_extension,
    sdp_checks.once,
    sdp_checks.no_rtcp_port,
    sdp_checks.credentials,
    sdp_checks.lite,
    sdp_checks.candidate_lines,
    sdp_checks.dtls,
}
OFFERED = sorted(path.stem for path in OFFERS.glob("*.sdp"))


def clauses(name: str) -> list[Clause]:
    kind: Kind = "whip" if name.startswith("publish") else "whep"
    return [
        each for each in number_clauses(kind, [sdp_checks.CHECKS]) if each.trial in ON_ONE_ANSWER
    ]


class Answered(Target):
    """One answer, without a server."""

    def __init__(self, offered: str, answer: str, http: httpx.AsyncClient) -> None:
        super().__init__("whip", "", None, http)
        self.made = OpenedSession(
            description.parse(offered),
            description.parse(answer),
            answer,
            httpx.Response(201),
            "",
            sdp.Ice("", "", ""),
        )

    async def sample(self) -> OpenedSession:
        return self.made


@pytest.mark.parametrize("name", OFFERED)
async def test_the_answer_keeps_each_clause(name: str) -> None:
    offered = (OFFERS / f"{name}.sdp").read_bytes().decode()
    if name.startswith("publish"):
        answer, _, _ = negotiation.publish(offered, LOCAL)
    else:
        answer, _, _ = negotiation.view(offered, LOCAL, SSRCS, ["OPUS"])
    async with httpx.AsyncClient() as http:
        server = Answered(offered, answer, http)
        broken = {
            clause.id: result.reason
            for clause in clauses(name)
            if (result := await check_clause(clause, server)).verdict != "pass"
        }
    # Of those that go by the older documents, some look for the transport in each section.
    if "ice2" not in offered:
        broken.pop("RFC 9143 §7.1.3-1", None)
    assert not broken
    assert "fec" not in answer.replace("useinbandfec", "")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("publish-obs-32.2.2", "a=ice-options:trickle ice2"),
        ("publish-chromium-156", "a=ice-options:trickle"),
        ("publish-obs-32.2.2", "a=group:LS 0 1"),
    ],
)
def test_what_the_offer_says_of_the_session_is_taken_up(name: str, line: str) -> None:
    offered = (OFFERS / f"{name}.sdp").read_bytes().decode()
    answer, _, _ = negotiation.publish(offered, LOCAL)
    assert f"{line}\r\n" in answer
