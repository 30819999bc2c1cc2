"""The sprites of the drawn films: fruit, leaves and trees, flying animals, a grower, a clock.

Each is drawn once; scenery.py places and moves them.
"""

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

FINE = 2  # still parts are drawn twice as large and shrunk, which smooths their edges

Ink = tuple[int, int, int] | tuple[int, int, int, int] | str
INK, PAPER, KUMQUAT = (52, 44, 36), (255, 252, 243), (240, 138, 36)


@dataclass(frozen=True)
class Sprite:
    """A cut-out, and the point of it that is set on a position."""

    image: Image.Image
    x: int
    y: int

    def put(self, picture: Image.Image, x: float, y: float) -> None:
        """Paste the cut-out so that its point lies at (x, y)."""
        picture.paste(self.image, (round(x) - self.x, round(y) - self.y), self.image)


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a transparent canvas, FINE times as large."""
    image = Image.new("RGBA", (width * FINE, height * FINE), (0, 0, 0, 0))
    return image, ImageDraw.Draw(image)


def shrunk(image: Image.Image) -> Image.Image:
    """Return the drawing at its final size."""
    size = (image.width // FINE, image.height // FINE)
    return image.resize(size, Image.Resampling.LANCZOS)


def dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, ink: Ink) -> None:
    """Draw a round spot."""
    x, y, radius = x * FINE, y * FINE, radius * FINE
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), ink)


def mix(one: tuple[int, int, int], other: tuple[int, int, int], part: float) -> Ink:
    """Return the one colour mixed with a part of the other."""
    r, g, b = (round(a + (c - a) * part) for a, c in zip(one, other, strict=True))
    return r, g, b


def kumquat(width: int) -> Image.Image:
    """Draw a ripe kumquat, upright, `width` wide and a fifth higher, with its highlight and its
    stalk.
    """
    height = width * 6 // 5
    image, draw = canvas(width + 4, height + 8)
    box = [2 * FINE, 6 * FINE, (width + 2) * FINE, (height + 6) * FINE]
    for step in range(12):
        part = step / 11
        shift = part * width * 0.22 * FINE
        inner = (
            box[0] + shift * 0.55,
            box[1] + shift * 0.45,
            box[2] - shift * 1.2,
            box[3] - shift * 1.3,
        )
        draw.ellipse(inner, mix((206, 96, 14), (255, 176, 64), part))
    dot(draw, width * 0.36, height * 0.36 + 4, width * 0.08, (255, 236, 190, 230))
    draw.line(
        [(width / 2 * FINE + 4, 7 * FINE), (width / 2 * FINE + 8, 0)],
        (86, 110, 48),
        max(2, width // 10) * FINE,
    )
    return shrunk(image)


def leaf(length: int, shade: float) -> Image.Image:
    """Draw a pointed leaf with its vein, to the right of its stalk."""
    image, draw = canvas(length, length // 2)
    middle = length // 4 * FINE
    above, below = [], []
    for step in range(21):
        part = step / 20
        swell = math.sin(math.pi * part**0.8) * length * 0.21 * FINE
        above.append((part * length * FINE, middle - swell))
        below.append((part * length * FINE, middle + swell))
    draw.polygon(above + below[::-1], mix((44, 100, 52), (120, 168, 78), shade))
    draw.line([(0, middle), (length * FINE * 0.92, middle)], (170, 200, 120), 2)
    return shrunk(image)


def tree(chance: Random, size: int) -> Image.Image:
    """Draw a round kumquat tree, `size` pixels high, with fruit."""
    image, draw = canvas(size, size)
    trunk = size * 0.035
    draw.rectangle(
        [
            (size / 2 - trunk) * FINE,
            size * 0.7 * FINE,
            (size / 2 + trunk) * FINE,
            size * 0.99 * FINE,
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
            dot(draw, x, y, size * chance.uniform(0.05, 0.085), ink)
    fruit = max(1.3, size / 62)
    for _ in range(40):
        turn, reach = chance.uniform(0, 2 * math.pi), chance.random() ** 0.5
        x, y = (
            size / 2 + math.cos(turn) * reach * size * 0.36,
            size * 0.44 + math.sin(turn) * reach * size * 0.33,
        )
        dot(draw, x, y, fruit, (214, 104, 20))
        dot(draw, x - fruit * 0.2, y - fruit * 0.25, fruit * 0.72, (250, 158, 46))
    return shrunk(image)


def crate() -> Sprite:
    """Draw a wooden crate full of kumquats."""
    image, draw = canvas(330, 230)
    chance, fruit = Random(2), kumquat(38)  # noqa: S311
    heap = shrunk(image)
    for row in range(4):
        for column in range(8 - row):
            left = 22 + column * 36 + row * 18 + chance.randint(-4, 4)
            turned = fruit.rotate(chance.randint(-70, 70), Image.Resampling.BICUBIC, expand=True)
            heap.paste(turned, (left, 78 - row * 24 + chance.randint(-4, 4)), turned)
    for plank in range(3):
        y = 112 + plank * 38
        draw.rounded_rectangle(
            [6 * FINE, y * FINE, 324 * FINE, (y + 33) * FINE], 6, (188 - plank * 8, 142, 92)
        )
        draw.line([(10 * FINE, (y + 9) * FINE), (318 * FINE, (y + 11) * FINE)], (166, 122, 76), 3)
    for post in (14, 290):
        draw.rectangle([post * FINE, 108 * FINE, (post + 26) * FINE, 226 * FINE], (150, 108, 68))
    draw.rounded_rectangle([76 * FINE, 132 * FINE, 254 * FINE, 194 * FINE], 8, PAPER)
    for y, text, size in ((136, "YOUXI KUMQUATS", 38), (164, "lot 1123", 38)):
        draw.text((165 * FINE, y * FINE), text, INK, ImageFont.load_default(size), "ma")
    heap.alpha_composite(shrunk(image))
    return Sprite(heap, 165, 228)


def cloud(chance: Random, width: int) -> Sprite:
    """Draw a soft white cloud."""
    image = Image.new("RGBA", (width * FINE, width // 3 * FINE), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    for _ in range(16):
        part = chance.random()
        radius = width * (0.05 + 0.08 * math.sin(math.pi * part))
        dot(
            draw,
            width * (0.14 + 0.72 * part),
            width * (0.2 + 0.03 * chance.random()) - radius * 0.3,
            radius,
            (255, 255, 255, 225),
        )
    soft = shrunk(image).filter(ImageFilter.GaussianBlur(3))
    return Sprite(soft, width // 2, width // 6)


def bird(beat: float) -> Sprite:
    """Draw a distant bird; `beat` from -1 to 1 is the height of its wings."""
    image, draw = canvas(44, 30)
    body = (22 * FINE, 17 * FINE)
    for side in (-1, 1):
        tip = ((22 + side * 19) * FINE, (15 - beat * 11) * FINE)
        elbow = ((22 + side * 9) * FINE, (13 - beat * 3) * FINE)
        draw.line([body, elbow, tip], (62, 70, 84), 5, joint="curve")
    dot(draw, 22, 17, 2.6, (62, 70, 84))
    return Sprite(shrunk(image), 22, 15)


def butterfly(open_: float) -> Sprite:
    """Draw a butterfly whose wings are open by 0 to 1."""
    image, draw = canvas(36, 28)
    for side in (-1, 1):
        reach = (4 + 11 * open_) * side
        for y, high, ink in ((10, 9, (250, 196, 60)), (18, 6, (240, 150, 50))):
            edges = sorted(((18 + reach) * FINE, 18 * FINE))
            draw.ellipse((edges[0], (y - high) * FINE, edges[1], (y + high) * FINE), ink)
    draw.line([(18 * FINE, 6 * FINE), (18 * FINE, 23 * FINE)], INK, 4)
    return Sprite(shrunk(image), 18, 14)


def farmer(stride: float) -> Sprite:
    """Draw a grower with a straw hat, two baskets on a shoulder pole; `stride` in turns of the
    step.
    """
    image, draw = canvas(230, 190)

    def line(ink: Ink, width: int, *points: tuple[float, float]) -> None:
        draw.line([(x * FINE, y * FINE) for x, y in points], ink, width * FINE, joint="curve")

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
    dot(draw, 116, 50 - bob, 13, (232, 190, 152))
    top = [(88, 46 - bob), (116, 22 - bob), (144, 46 - bob)]
    draw.polygon([(x * FINE, y * FINE) for x, y in top], (226, 192, 118))
    line((206, 166, 92), 3, (86, 46 - bob), (146, 46 - bob))
    for x in (24, 206):
        for side in (-16, 16):
            line((150, 112, 66), 2, (x, 66 + bob), (x + side, 104 + bob))
        for fruit in range(5):
            dot(draw, x - 14 + fruit * 7, 104 + bob - (fruit % 2) * 4, 6, KUMQUAT)
        basket = [(x - 20, 104), (x + 20, 104), (x + 14, 136), (x - 14, 136)]
        draw.polygon([(a * FINE, (b + bob) * FINE) for a, b in basket], (182, 138, 82))
        line((150, 108, 60), 2, (x - 18, 115 + bob), (x + 18, 115 + bob))
        line((150, 108, 60), 2, (x - 16, 126 + bob), (x + 16, 126 + bob))
    return Sprite(shrunk(image), 115, 180)


def branch() -> Image.Image:
    """Draw a bough with leaves and large fruit that hangs in from the upper right."""
    image, draw = canvas(460, 330)
    stem = [(460, 24), (360, 56), (250, 84), (150, 132), (86, 190)]
    draw.line([(x * FINE, y * FINE) for x, y in stem], (96, 74, 50), 9 * FINE, joint="curve")
    bough = shrunk(image)
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


def clock_face() -> Sprite:
    """Draw the dial, without its hand."""
    image, draw = canvas(76, 76)
    dot(draw, 38, 38, 37, INK)
    dot(draw, 38, 38, 33, PAPER)
    for mark in range(12):
        turn = 2 * math.pi * mark / 12
        inner = 24 if mark % 3 == 0 else 28
        ends = [
            ((38 + r * math.sin(turn)) * FINE, (38 - r * math.cos(turn)) * FINE)
            for r in (inner, 31)
        ]
        draw.line(ends, INK, 5)
    return Sprite(shrunk(image), 38, 38)


def seconds(second: int) -> Sprite:
    """Draw the second in digits, for beside the dial."""
    image, draw = canvas(96, 56)
    draw.rounded_rectangle([0, 0, 96 * FINE - 1, 56 * FINE - 1], 16, (*INK, 255))
    draw.text((48 * FINE, 28 * FINE), f":{second:02d}", PAPER, ImageFont.load_default(80), "mm")
    return Sprite(shrunk(image), 0, 28)
