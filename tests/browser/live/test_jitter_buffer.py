"""How long the player holds the picture back where packets are lost, in Chromium."""

import pytest
from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# A connection whose numbers the test sets, and a clock that it can turn.
CONNECTION = """
async () => {
  window.report = { type: "inbound-rtp", kind: "video", packetsReceived: 0,
                    retransmittedPacketsReceived: 0, nackCount: 0 };
  window.pair = { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.04 };
  window.receiver = { jitterBufferTarget: null };
  const { adaptJitterBuffer } = await import("/static/lib/media/jitter-buffer.js");
  window.end = adaptJitterBuffer({
    getReceivers: () => [window.receiver],
    getStats: async () => new Map([["a", window.report], ["b", window.pair]]),
  });
}
"""
PASS = """
({ packets, repaired, asked }) => {
  report.packetsReceived += packets;
  report.nackCount += asked;
  report.retransmittedPacketsReceived += repaired;
  return receiver.jitterBufferTarget;
}
"""


async def test_the_picture_is_held_back_while_packets_are_lost(open_page: Open) -> None:
    # The clock stays turned.
    page = await open_page("/", kept=False)
    await page.clock.install()
    await page.evaluate(CONNECTION)

    async def second(packets: int, repaired: int, asked: int = 2) -> float | None:
        await page.evaluate(PASS, {"packets": packets, "repaired": repaired, "asked": asked})
        await page.clock.run_for(1_000)
        held: float | None = await page.evaluate("receiver.jitterBufferTarget")
        return held

    await second(200, 0)
    assert await second(200, 1) is None, "so little is no loss"
    assert await second(200, 100, asked=0) is None, "the server's probe of the link is none"
    assert await second(200, 20) == 350
    assert await second(200, 0) == 350, "one good second is no good link"
    await page.evaluate("pair.currentRoundTripTime = 0.4")
    assert await second(200, 20) == 800
    await page.clock.fast_forward(61_000)
    assert await second(200, 0) is None
    await page.evaluate("end()")
    assert await second(200, 20) is None
