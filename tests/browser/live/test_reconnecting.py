"""Pages that lost the same server do not all come back at the same moment."""

from tests.browser.conftest import Open


async def test_what_a_crowd_tries_again_is_spread_over_seconds(open_page: Open) -> None:
    page = await open_page("/sign-in")
    viewer, host, crowded, order = await page.evaluate(
        """async () => {
          const { Channel } = await import("/static/lib/channel/channel.js");
          const { Backoff } = await import("/static/lib/channel/retry.js");
          const whole = window.setTimeout;
          window.WebSocket = class extends EventTarget { close() {} };
          const waitOf = (act) => {
            let found;
            window.setTimeout = (_, wait) => { found = wait; return 0; };
            act();
            window.setTimeout = whole;
            return found;
          };
          const lost = (role, code) => () => {
            const channel = new Channel("01BROADCAST", role);
            const closed = Object.assign(new Event("close"), { code });
            return waitOf(() => channel.socket.dispatchEvent(closed));
          };
          const many = (one) => {
            const all = Array.from({ length: 300 }, one);
            return [Math.min(...all), Math.max(...all)];
          };
          return [
            many(lost(undefined, 1006)),
            many(lost("host", 1006)),
            many(lost(undefined, 4429)),
            many(() => waitOf(() => void new Backoff().pause())),
          ];
        }"""
    )
    assert 200 <= viewer[0] < 600
    assert 2_500 < viewer[1] < 3_200
    assert host[0] >= 200
    assert host[1] <= 600  # few, who are needed
    assert crowded[0] >= 10_000
    assert crowded[1] - crowded[0] > 2_500
    assert 500 <= order[0] < 650
    assert 1_350 < order[1] <= 1_500
