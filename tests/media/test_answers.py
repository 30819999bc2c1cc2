"""What we answer to the recorded offers of other makers, held against the clauses on SDP."""

import httpx
import pytest
from tests.media.recorded_offers import LOCAL, OFFERS, SSRCS

from farmlive.client import clauses_of_sdp, description, sdp
from farmlive.client.clause import Clause, numbered
from farmlive.client.clauses import tried
from farmlive.client.examined import Examined, Made
from farmlive.media import negotiation

# The others make sessions with offers of their own.
ON_ONE_ANSWER = {
    clauses_of_sdp.bundled,
    clauses_of_sdp.mux_only,
    clauses_of_sdp.one_stream,
    clauses_of_sdp.sections,
    clauses_of_sdp.not_bundle_only,
    clauses_of_sdp.formats,
    clauses_of_sdp.feedback,
    clauses_of_sdp.extensions,
    clauses_of_sdp.mid_extension,
    clauses_of_sdp.once,
    clauses_of_sdp.no_rtcp_port,
    clauses_of_sdp.credentials,
    clauses_of_sdp.lite,
    clauses_of_sdp.candidate_lines,
    clauses_of_sdp.dtls,
}
OFFERED = sorted(path.stem for path in OFFERS.glob("*.sdp"))


def clauses(name: str) -> list[Clause]:
    kind = "whip" if name.startswith("publish") else "whep"
    return [each for each in numbered(kind, [clauses_of_sdp.BOOK]) if each.trial in ON_ONE_ANSWER]


class Answered(Examined):
    """One answer, without a server."""

    def __init__(self, offered: str, answer: str, http: httpx.AsyncClient) -> None:
        super().__init__("whip", "", None, http)
        self.made = Made(
            description.read(offered),
            description.read(answer),
            answer,
            httpx.Response(201),
            "",
            sdp.Ice("", "", ""),
        )

    async def sample(self) -> Made:
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
            if (result := await tried(clause, server)).verdict != "pass"
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
