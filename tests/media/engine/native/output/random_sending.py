"""Outputs whose publishers, viewers and links do what they like, by chance."""

from collections.abc import Callable
from random import Random

from tests.media.engine.native.output.scripted_camera import (
    PLAIN,
    TYPES,
    WITH_RED,
    WITHOUT_RTX,
    Camera,
)
from tests.media.engine.native.output.sending_twins import Twins
from tests.media.support.packets import parse

_PUBLISHERS, _VIEWERS, _OUTPUTS = 5, 14, 2


class Play:
    """Some minutes of two outputs, by chance."""

    def __init__(self, twins: Twins, draw: Random, steps: int) -> None:
        self.twins, self.draw, self.steps = twins, draw, steps
        self.cameras: dict[int, Camera] = {}
        self.late: list[tuple[int, bytes]] = []
        self.lost: dict[int, int] = {}
        self.made = self.came = 0
        # How often each of these comes, of a hundred steps.
        self.others: list[tuple[float, Callable[[], None]]] = [
            (3, self.publisher_comes),
            (0.8, self.publisher_goes),
            (3, self.switch),
            (1, self.begin_anew),
            (12, self.viewer_comes),
            (5, self.viewer_goes),
            (30, self.ask_again),
            (40, self.report),
            (6, self.prefer),
            (4, self.fall),
            (4, self.ask_for_keyframe),
            (10, self.sender_report),
            (5, self.camera_reports),
            (4, self.pause_layer),
            (3, self.state),
        ]
        self.paused: set[tuple[int, int]] = set()

    def run(self) -> None:
        for output in range(len(self.twins.outputs), _OUTPUTS):
            self.twins.output(output)
        self.publisher_comes()
        self.switch()
        for step in range(self.steps):
            for number in list(self.cameras):
                self.camera_sends(number)
            for output in range(_OUTPUTS):
                if self.draw.random() < 0.9:
                    self.twins.whole(output)
                if self.draw.random() < 0.1:
                    self.twins.flush(output)
                if self.draw.random() < 0.5:
                    self.twins.pump(output)
            for chance, other in self.others:
                if self.draw.random() < chance / 100:
                    other()
            self.upkeep(step)
            self.twins.now += self.draw.choice((0.01, 1 / 30, 1 / 30, 0.05))
            if self.draw.random() < 0.005:
                self.twins.now += self.draw.choice((0.7, 6.0))
        self.state()

    def upkeep(self, step: int) -> None:
        """What is done by the clock."""
        if step % 3 == 0:
            for number in self.cameras:
                self.twins.look(number)
            for output in range(_OUTPUTS):
                self.twins.probe(output)
                self.twins.want(output)
            for number in self.cameras:
                self.twins.feedback(number)
        if step % 30 == 0:
            for number in self.cameras:
                self.twins.measure(number)
            for peer in self.twins.viewers:
                self.twins.second(peer)

    # Publishers.

    def publisher_comes(self) -> None:
        if len(self.cameras) < _PUBLISHERS:
            number, self.made = self.made, self.made + 1
            codec = self.draw.choice(("VP8", "VP8", *TYPES))
            layers, pli = self.draw.choice((0, 1, 3, 3, 3)), self.draw.random() < 0.8
            draw = Random(self.draw.random())
            self.cameras[number] = Camera(self.twins, number, draw, codec, layers, pli)

    def publisher_goes(self) -> None:
        if len(self.cameras) > 1:
            number = self.draw.choice(list(self.cameras))
            del self.cameras[number]
            self.late = [each for each in self.late if each[0] != number]
            self.twins.gone(number)

    def camera_sends(self, number: int) -> None:
        """A frame of each layer and sound, of which some comes late, twice or not at all."""
        camera, datagrams = self.cameras[number], []
        for layer in range(camera.layers):
            if (number, layer) in self.paused:
                continue
            wanted = camera.publisher.layers[layer].wanted
            keyframe = self.draw.random() < (0.25 if wanted else 0.03)
            count = self.draw.choice((1, 2, 3, 3, 6, 30 if keyframe else 4))
            sizes = [40 + 30 * layer + self.draw.choice((0, 0, 1, 9, -30)) for _ in range(count)]
            datagrams += camera.datagrams(layer, keyframe, sizes)
        if self.draw.random() < 0.9:
            datagrams.append(camera.sound(self.draw.random() < 0.7, self.draw.random() < 0.2))
        if self.draw.random() < 0.1:
            self.draw.shuffle(datagrams)
        for datagram in datagrams:
            kind = self.draw.random()
            if kind < 0.02:
                self.late.append((number, datagram))
            elif kind > 0.01:
                self.twins.take(number, datagram)
                if kind > 0.99:
                    self.twins.take(number, datagram)
        while self.late and self.draw.random() < 0.3:
            at = self.draw.randrange(len(self.late))
            self.twins.take(*self.late.pop(at))

    def switch(self) -> None:
        output = self.draw.randrange(_OUTPUTS)
        self.twins.air(self.draw.choice((*self.cameras, *self.cameras, None)), output)

    def begin_anew(self) -> None:
        """A layer goes on with another SSRC or other numbers, or sound does."""
        camera = self.draw.choice(list(self.cameras.values()))
        if not camera.layers or self.draw.random() < 0.2:
            camera.sound_ssrc += 1
            return
        layer = self.draw.randrange(camera.layers)
        if self.draw.random() < 0.5:
            camera.ssrcs[layer] += 10
        camera.sequences[layer] = self.draw.randrange(0x10000)

    def pause_layer(self) -> None:
        camera = self.draw.choice(list(self.cameras.values()))
        self.paused ^= {(camera.number, self.draw.randrange(3))}

    def camera_reports(self) -> None:
        number, camera = self.draw.choice(list(self.cameras.items()))
        off = self.draw.choice((0, 0, 0.02, 7))
        for layer in range(camera.layers):
            ssrc, wall = camera.ssrcs[layer], 9_000 + self.twins.now + off
            self.twins.report_of(number, ssrc, wall, camera.stamp(layer))

    # Viewers.

    def viewer_comes(self) -> None:
        if len(self.twins.viewers) < _VIEWERS:
            peer, self.came = self.came, self.came + 1
            viewing = self.draw.choice((PLAIN, WITH_RED, WITHOUT_RTX))
            self.twins.viewer(peer, viewing, self.draw.randrange(_OUTPUTS))

    def peer(self) -> int | None:
        """One of the viewers, if there is any."""
        return self.draw.choice(list(self.twins.viewers)) if self.twins.viewers else None

    def viewer_goes(self) -> None:
        peer = self.peer()
        if peer is not None:
            self.twins.remove(peer)

    def numbers(self, peer: int) -> list[int]:
        """Of the video that it was sent lately."""
        sent = map(parse, self.twins.heard[peer].all[-150:])
        return [each.packet.sequence for each in sent if each.ssrc % 10 == 1]

    def ask_again(self) -> None:
        peer = self.peer()
        if peer is not None:
            sent = self.numbers(peer)
            missing = self.draw.sample(sent, min(len(sent), self.draw.randrange(1, 30)))
            if self.draw.random() < 0.1:
                missing.append(self.draw.randrange(0x10000))
            self.twins.nack(peer, missing)

    def report(self) -> None:
        peer = self.peer()
        if peer is None:
            return
        lost = self.lost.get(peer, 0) + self.draw.choice((0, 0, 0, 1, 40))
        self.lost[peer] = lost
        if self.draw.random() < 0.3:
            self.twins.estimate(peer, self.draw.choice((20.5, 60.0, 400.0)))
        self.twins.report(peer, len(self.twins.heard[peer].all), lost)

    def prefer(self) -> None:
        peer = self.peer()
        if peer is not None:
            self.twins.prefer(peer, self.draw.choice((None, None, 0, 1, 2)))

    def fall(self) -> None:
        peer = self.peer()
        if peer is not None:
            self.twins.fall(peer, self.draw.randrange(1, 9))

    def ask_for_keyframe(self) -> None:
        peer = self.peer()
        if peer is not None:
            self.twins.keyframe(peer)

    def sender_report(self) -> None:
        peer = self.peer()
        if peer is not None:
            if self.draw.random() < 0.5:
                self.twins.reference(peer, 70_000 + peer, self.draw.randrange(2**32))
            self.twins.sender_report(peer, 1_700_000_000 + self.twins.now)

    def state(self) -> None:
        for output in range(_OUTPUTS):
            self.twins.state(output)
