"""The drawn orchard of the film: a still background and what moves before it.

Owns the drawing, as a pure function of time that repeats after PERIOD seconds. film.py encodes it.
"""

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1280, 720
PERIOD = 60.0
"""Seconds after which every motion is where it began: the minute of the clock's second hand."""
_FINE = 2  # still parts are drawn twice as large and shrunk, which smooths their edges
_HORIZON = 330

Ink = tuple[int, int, int] | tuple[int, int, int, int] | str
INK, PAPER, LEAF, KUMQUAT = (52, 44, 36), (255, 252, 243), (72, 128, 66), (240, 138, 36)


@dataclass(frozen=True)
class Sprite:
    """A cut-out and the point of it that is set on a place."""

    image: Image.Image
    x: int
    y: int

    def put(self, picture: Image.Image, x: float, y: float) -> None:
        """Paste the cut-out so that its point lies at (x, y)."""
        picture.paste(self.image, (round(x) - self.x, round(y) - self.y), self.image)


def _canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (width * _FINE, height * _FINE), (0, 0, 0, 0))
    return image, ImageDraw.Draw(image)


def _shrunk(image: Image.Image) -> Image.Image:
    size = (image.width // _FINE, image.height // _FINE)
    return image.resize(size, Image.Resampling.LANCZOS)


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, ink: Ink) -> None:
    x, y, radius = x * _FINE, y * _FINE, radius * _FINE
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), ink)


def _mix(one: tuple[int, int, int], other: tuple[int, int, int], part: float) -> Ink:
    r, g, b = (round(a + (c - a) * part) for a, c in zip(one, other, strict=True))
    return r, g, b


def kumquat(width: int) -> Image.Image:
    """A ripe kumquat, upright, `width` wide and a fifth higher, with its light and its stalk."""
    height = width * 6 // 5
    image, draw = _canvas(width + 4, height + 8)
    box = [2 * _FINE, 6 * _FINE, (width + 2) * _FINE, (height + 6) * _FINE]
    for step in range(12):
        part = step / 11
        shift = part * width * 0.22 * _FINE
        inner = (
            box[0] + shift * 0.55,
            box[1] + shift * 0.45,
            box[2] - shift * 1.2,
            box[3] - shift * 1.3,
        )
        draw.ellipse(inner, _mix((206, 96, 14), (255, 176, 64), part))
    _dot(draw, width * 0.36, height * 0.36 + 4, width * 0.08, (255, 236, 190, 230))
    draw.line(
        [(width / 2 * _FINE + 4, 7 * _FINE), (width / 2 * _FINE + 8, 0)],
        (86, 110, 48),
        max(2, width // 10) * _FINE,
    )
    return _shrunk(image)


def leaf(length: int, shade: float) -> Image.Image:
    """A pointed leaf with its vein, lying to the right of its stalk."""
    image, draw = _canvas(length, length // 2)
    middle = length // 4 * _FINE
    above, below = [], []
    for step in range(21):
        part = step / 20
        swell = math.sin(math.pi * part**0.8) * length * 0.21 * _FINE
        above.append((part * length * _FINE, middle - swell))
        below.append((part * length * _FINE, middle + swell))
    draw.polygon(above + below[::-1], _mix((44, 100, 52), (120, 168, 78), shade))
    draw.line([(0, middle), (length * _FINE * 0.92, middle)], (170, 200, 120), 2)
    return _shrunk(image)


def _tree(chance: Random, size: int) -> Image.Image:
    """A round kumquat tree, `size` pixels high, hung with fruit."""
    image, draw = _canvas(size, size)
    trunk = size * 0.035
    draw.rectangle(
        [
            (size / 2 - trunk) * _FINE,
            size * 0.7 * _FINE,
            (size / 2 + trunk) * _FINE,
            size * 0.99 * _FINE,
        ],
        (104, 78, 56),
    )
    for layer, ink in enumerate(((38, 88, 48), (56, 116, 58), (84, 146, 70))):
        for _ in range(46 - layer * 8):
            turn, reach = chance.uniform(0, 2 * math.pi), chance.random() ** 0.5
            x = size / 2 + math.cos(turn) * reach * size * (0.36 - layer * 0.05)
            y = size * (0.43 - layer * 0.035) + math.sin(turn) * reach * size * (
                0.33 - layer * 0.05
            )
            _dot(draw, x, y, size * chance.uniform(0.05, 0.085), ink)
    fruit = max(1.3, size / 62)
    for _ in range(40):
        turn, reach = chance.uniform(0, 2 * math.pi), chance.random() ** 0.5
        x, y = (
            size / 2 + math.cos(turn) * reach * size * 0.36,
            size * 0.44 + math.sin(turn) * reach * size * 0.33,
        )
        _dot(draw, x, y, fruit, (214, 104, 20))
        _dot(draw, x - fruit * 0.2, y - fruit * 0.25, fruit * 0.72, (250, 158, 46))
    return _shrunk(image)


def _ridge(x: float, seed: int, height: float) -> float:
    waves = ((0.0034, 1.0), (0.0081, 0.42), (0.019, 0.14))
    return height * sum(a * math.sin(x * f + seed * (1.7 + f * 90)) for f, a in waves)


def background() -> Image.Image:
    """The still part: sky and sun, hills, rows of trees, the path and a crate of fruit."""
    chance = Random(952)  # noqa: S311 - a drawing, the same each time
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(_HORIZON + 60):
        draw.line(
            [(0, y), (WIDTH, y)],
            _mix((150, 205, 232), (255, 240, 212), min(1, y / _HORIZON) ** 1.3),
        )
    glow = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(glow).ellipse((690, -60, 930, 180), 150)
    glow = glow.filter(ImageFilter.GaussianBlur(48))
    image.paste((255, 246, 210), (0, 0), glow)
    big = image.resize((WIDTH * _FINE, HEIGHT * _FINE))
    draw = ImageDraw.Draw(big)
    _dot(draw, 810, 58, 40, (255, 246, 214))
    hills = ((150, 62, (158, 192, 200)), (205, 52, (124, 170, 158)), (262, 40, (96, 150, 112)))
    for seed, (top, height, ink) in enumerate(hills, 3):
        line = [
            (x * _FINE, (top - _ridge(x, seed, height)) * _FINE) for x in range(0, WIDTH + 8, 8)
        ]
        draw.polygon([(0, HEIGHT * _FINE), *line, (WIDTH * _FINE, HEIGHT * _FINE)], ink)
    for y in range(_HORIZON - 26, HEIGHT):
        part = (y - _HORIZON + 26) / (HEIGHT - _HORIZON + 26)
        draw.rectangle(
            [0, y * _FINE, WIDTH * _FINE, (y + 1) * _FINE],
            _mix((132, 176, 98), (98, 146, 66), part),
        )
    draw.polygon(
        [(x * _FINE, y * _FINE) for x, y in ((628, 318), (652, 318), (930, 720), (430, 720))],
        (222, 196, 150),
    )
    for _ in range(420):
        foot = _HORIZON + (HEIGHT - _HORIZON) * chance.random()
        x, tall = chance.uniform(0, WIDTH), 2 + (foot - _HORIZON) / 40
        if abs(x - 650) > 24 + (foot - _HORIZON) * 0.66:
            draw.line(
                [(x * _FINE, foot * _FINE), ((x + tall / 2) * _FINE, (foot - tall) * _FINE)],
                (82, 130, 58),
                3,
            )
    image = big.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    _rows(image, chance)
    crate().put(image, 212, 704)
    return image


def _rows(image: Image.Image, chance: Random) -> None:
    """The rows of trees on both sides of the path, far ones first."""
    for depth in range(8):
        near = (depth / 7) ** 1.7
        foot, size = 322 + near * 268, round(34 + near * 236)
        for side in (-1, 1):
            for place in range(6 if depth < 6 else 4):
                x = 640 + side * (26 + near * 270 + place * size * 0.86)
                if -size < x < WIDTH + size:
                    tree = _tree(chance, size)
                    shade = Image.new("L", (size, size // 5))
                    ImageDraw.Draw(shade).ellipse((size * 0.1, 0, size * 0.9, size // 5 - 1), 70)
                    image.paste(
                        (40, 70, 40), (round(x - size / 2), round(foot - size // 10)), shade
                    )
                    image.paste(tree, (round(x - size / 2), round(foot - size)), tree)


def crate() -> Sprite:
    """A wooden crate heaped with kumquats."""
    image, draw = _canvas(330, 230)
    chance, fruit = Random(2), kumquat(38)  # noqa: S311
    heap = _shrunk(image)
    for row in range(4):
        for column in range(8 - row):
            left = 22 + column * 36 + row * 18 + chance.randint(-4, 4)
            turned = fruit.rotate(chance.randint(-70, 70), Image.Resampling.BICUBIC, expand=True)
            heap.paste(turned, (left, 78 - row * 24 + chance.randint(-4, 4)), turned)
    for plank in range(3):
        y = 112 + plank * 38
        draw.rounded_rectangle(
            [6 * _FINE, y * _FINE, 324 * _FINE, (y + 33) * _FINE], 6, (188 - plank * 8, 142, 92)
        )
        draw.line(
            [(10 * _FINE, (y + 9) * _FINE), (318 * _FINE, (y + 11) * _FINE)], (166, 122, 76), 3
        )
    for post in (14, 290):
        draw.rectangle(
            [post * _FINE, 108 * _FINE, (post + 26) * _FINE, 226 * _FINE], (150, 108, 68)
        )
    draw.rounded_rectangle([76 * _FINE, 132 * _FINE, 254 * _FINE, 194 * _FINE], 8, PAPER)
    for y, text, size in ((136, "YOUXI KUMQUATS", 38), (164, "lot 1123", 38)):
        draw.text((165 * _FINE, y * _FINE), text, INK, ImageFont.load_default(size), "ma")
    heap.alpha_composite(_shrunk(image))
    return Sprite(heap, 165, 228)


def cloud(chance: Random, width: int) -> Sprite:
    """A soft white cloud."""
    image = Image.new("RGBA", (width * _FINE, width // 3 * _FINE), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(16):
        part = chance.random()
        radius = width * (0.05 + 0.08 * math.sin(math.pi * part))
        _dot(
            draw,
            width * (0.14 + 0.72 * part),
            width * (0.2 + 0.03 * chance.random()) - radius * 0.3,
            radius,
            (255, 255, 255, 225),
        )
    soft = _shrunk(image).filter(ImageFilter.GaussianBlur(3))
    return Sprite(soft, width // 2, width // 6)


def bird(beat: float) -> Sprite:
    """A far bird; `beat` from -1 to 1 is the height of its wings."""
    image, draw = _canvas(44, 30)
    body = (22 * _FINE, 17 * _FINE)
    for side in (-1, 1):
        tip = ((22 + side * 19) * _FINE, (15 - beat * 11) * _FINE)
        elbow = ((22 + side * 9) * _FINE, (13 - beat * 3) * _FINE)
        draw.line([body, elbow, tip], (62, 70, 84), 5, joint="curve")
    _dot(draw, 22, 17, 2.6, (62, 70, 84))
    return Sprite(_shrunk(image), 22, 15)


def butterfly(open_: float) -> Sprite:
    """A butterfly whose wings are open by 0 to 1."""
    image, draw = _canvas(36, 28)
    for side in (-1, 1):
        reach = (4 + 11 * open_) * side
        for y, high, ink in ((10, 9, (250, 196, 60)), (18, 6, (240, 150, 50))):
            edges = sorted(((18 + reach) * _FINE, 18 * _FINE))
            draw.ellipse((edges[0], (y - high) * _FINE, edges[1], (y + high) * _FINE), ink)
    draw.line([(18 * _FINE, 6 * _FINE), (18 * _FINE, 23 * _FINE)], INK, 4)
    return Sprite(_shrunk(image), 18, 14)


def farmer(stride: float) -> Sprite:
    """A grower with a straw hat, two baskets on a shoulder pole; `stride` in turns of the step."""
    image, draw = _canvas(230, 190)

    def line(ink: Ink, width: int, *points: tuple[float, float]) -> None:
        draw.line([(x * _FINE, y * _FINE) for x, y in points], ink, width * _FINE, joint="curve")

    bob = 2.5 * abs(math.sin(2 * math.pi * stride))
    for phase in (0.0, 0.5):
        swing = math.sin(2 * math.pi * (stride + phase))
        knee, foot = 115 + swing * 9, 115 + swing * 20
        lift = max(0.0, math.cos(2 * math.pi * (stride + phase))) * 7
        line((58, 72, 104), 11, (115, 118 - bob), (knee, 146 - bob / 2), (foot, 176 - lift))
        line((60, 48, 40), 8, (foot - 3, 178 - lift), (foot + 8, 178 - lift))
    line((196, 84, 62), 26, (115, 74 - bob), (115, 116 - bob))
    line((150, 112, 66), 5, (24, 66 + bob), (70, 58 - bob), (115, 57 - bob), (206, 66 + bob))
    line((232, 190, 152), 7, (118, 76 - bob), (136, 70 - bob), (142, 58 - bob))
    _dot(draw, 116, 50 - bob, 13, (232, 190, 152))
    top = [(88, 46 - bob), (116, 22 - bob), (144, 46 - bob)]
    draw.polygon([(x * _FINE, y * _FINE) for x, y in top], (226, 192, 118))
    line((206, 166, 92), 3, (86, 46 - bob), (146, 46 - bob))
    for x in (24, 206):
        for side in (-16, 16):
            line((150, 112, 66), 2, (x, 66 + bob), (x + side, 104 + bob))
        for fruit in range(5):
            _dot(draw, x - 14 + fruit * 7, 104 + bob - (fruit % 2) * 4, 6, KUMQUAT)
        basket = [(x - 20, 104), (x + 20, 104), (x + 14, 136), (x - 14, 136)]
        draw.polygon([(a * _FINE, (b + bob) * _FINE) for a, b in basket], (182, 138, 82))
        line((150, 108, 60), 2, (x - 18, 115 + bob), (x + 18, 115 + bob))
        line((150, 108, 60), 2, (x - 16, 126 + bob), (x + 16, 126 + bob))
    return Sprite(_shrunk(image), 115, 180)


def branch() -> Image.Image:
    """A bough with leaves and large fruit that hangs in from the upper right."""
    image, draw = _canvas(460, 330)
    stem = [(460, 24), (360, 56), (250, 84), (150, 132), (86, 190)]
    draw.line([(x * _FINE, y * _FINE) for x, y in stem], (96, 74, 50), 9 * _FINE, joint="curve")
    bough = _shrunk(image)
    chance = Random(7)  # noqa: S311
    for step in range(34):
        part = step / 33 * (len(stem) - 1.001)
        (x0, y0), (x1, y1) = stem[int(part)], stem[int(part) + 1]
        x, y = x0 + (x1 - x0) * (part % 1), y0 + (y1 - y0) * (part % 1)
        blade = leaf(chance.randint(64, 96), chance.random()).rotate(
            chance.uniform(20, 340), Image.Resampling.BICUBIC, expand=True
        )
        bough.alpha_composite(
            blade, (max(0, round(x - blade.width / 2)), max(0, round(y - blade.height / 2 + 14)))
        )
    for x, y, width in ((330, 70, 46), (262, 104, 52), (196, 132, 50), (232, 168, 44),
                        (128, 170, 48), (82, 204, 44), (376, 74, 40)):  # fmt: skip
        bough.alpha_composite(kumquat(width), (x, y))
    return bough


class Orchard:
    """The whole picture at any moment; every part was drawn once before."""

    def __init__(self) -> None:
        chance = Random(5)  # noqa: S311
        self._still = background()
        self._clouds = [(cloud(chance, width), y, lap) for width, y, lap in _CLOUDS]
        self._birds = [bird(math.sin(2 * math.pi * step / 12)) for step in range(12)]
        self._butterflies = [
            butterfly(0.15 + 0.85 * abs(math.cos(math.pi * step / 8))) for step in range(8)
        ]
        self._farmers = [farmer(step / 24) for step in range(24)]
        bough = branch()
        self._boughs = [
            bough.rotate(
                1.5 * math.sin(2 * math.pi * step / 60),
                Image.Resampling.BICUBIC,
                center=(bough.width, 24),
            )
            for step in range(60)
        ]
        blade = leaf(22, 0.9)
        self._blades = [
            blade.rotate(step * 15, Image.Resampling.BICUBIC, expand=True) for step in range(24)
        ]
        self._face = _clock_face()
        self._digits = [_seconds(second) for second in range(60)]

    def at(self, seconds: float) -> Image.Image:
        """The picture at a time; the same again after PERIOD."""
        seconds %= PERIOD
        turn = seconds / PERIOD
        picture = self._still.copy()
        for sprite, y, start in self._clouds:
            span = WIDTH + sprite.image.width
            sprite.put(picture, (turn + start) % 1 * span - sprite.image.width / 2, y)
        self._fly(picture, seconds, turn)
        walk = self._farmers[int(seconds * 20) % 24]
        walk.put(picture, -140 + (WIDTH + 280) * turn, 664 + 6 * math.sin(2 * math.pi * turn * 3))
        for number in range(6):
            fall = (turn * 5 + number / 6) % 1
            blade = self._blades[int(seconds * 8 + number * 5) % 24]
            x = 160 + number * 190 + 46 * math.sin(2 * math.pi * (fall * 2 + number / 3))
            picture.paste(blade, (round(x), round(150 + fall * 560)), blade)
        bough = self._boughs[int(seconds * 15) % 60]
        picture.paste(bough, (WIDTH - bough.width, 0), bough)
        self._clock(picture, seconds)
        return picture

    def _fly(self, picture: Image.Image, seconds: float, turn: float) -> None:
        for number in range(5):
            along = (turn * 3 + number * 0.021) % 1
            x = WIDTH + 80 - along * (WIDTH + 160)
            y = 96 + abs(number - 2) * 17 + 26 * math.sin(2 * math.pi * (along * 2 + 0.1))
            self._birds[int(seconds * 18 + number * 4) % 12].put(picture, x, y)
        x = 650 + 210 * math.sin(2 * math.pi * turn * 3) + 30 * math.sin(2 * math.pi * turn * 11)
        y = 430 + 46 * math.sin(2 * math.pi * turn * 7)
        self._butterflies[int(seconds * 16) % 8].put(picture, x, y)

    def _clock(self, picture: Image.Image, seconds: float) -> None:
        self._face.put(picture, *_CLOCK)
        turn = 2 * math.pi * seconds / 60
        x, y = _CLOCK
        tip = (x + 27 * math.sin(turn), y - 27 * math.cos(turn))
        tail = (x - 7 * math.sin(turn), y + 7 * math.cos(turn))
        ImageDraw.Draw(picture).line([tail, tip], (200, 62, 40), 4)
        self._digits[int(seconds) % 60].put(picture, x + 46, y)


_CLOCK = (64, 76)
_CLOUDS = ((300, 92, 0.1), (220, 150, 0.48), (260, 60, 0.8))


def _clock_face() -> Sprite:
    image, draw = _canvas(76, 76)
    _dot(draw, 38, 38, 37, INK)
    _dot(draw, 38, 38, 33, PAPER)
    for mark in range(12):
        turn = 2 * math.pi * mark / 12
        inner = 24 if mark % 3 == 0 else 28
        ends = [
            ((38 + r * math.sin(turn)) * _FINE, (38 - r * math.cos(turn)) * _FINE)
            for r in (inner, 31)
        ]
        draw.line(ends, INK, 5)
    return Sprite(_shrunk(image), 38, 38)


def _seconds(second: int) -> Sprite:
    image, draw = _canvas(96, 56)
    draw.rounded_rectangle([0, 0, 96 * _FINE - 1, 56 * _FINE - 1], 16, (*INK, 255))
    draw.text((48 * _FINE, 28 * _FINE), f":{second:02d}", PAPER, ImageFont.load_default(80), "mm")
    return Sprite(_shrunk(image), 0, 28)
