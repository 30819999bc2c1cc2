"""The link of a viewer that reports, by numbers alone."""

from farmlive.media.engine.python.link.link_estimate import LinkEstimate

STREAM_KBPS = 1_600.0


class Link:
    """A viewer that reports each second on 200 packets a second of a stream."""

    def __init__(self) -> None:
        self.now = 100.0
        self.estimate = LinkEstimate(self.now)
        self.highest = self.lost = self.octets = 0

    @property
    def state(self) -> str:
        return self.estimate.state

    def seconds(
        self, count: int, *, loss: float = 0.0, rtt_s: float = 0.05, kbps: float = STREAM_KBPS
    ) -> None:
        for _ in range(count):
            self.now += 1.0
            self.highest += 200
            self.lost += round(200 * loss)
            self.octets += round(kbps * 125)
            self.estimate.measuring(self.now - rtt_s)
            # By a report that left a moment ago, as the proof of a doubt does.
            self.estimate.measured(rtt_s, self.now - rtt_s)
            self.estimate.reported(self.highest, self.lost, self.octets, STREAM_KBPS, self.now)
