"""Draws the demo's own film: the orchard as a phone that is held upright sees it, with its host.

A pure function of time that repeats after PERIOD seconds; film.py encodes it. scenery.py draws the
lying orchard, whose frames carry a counter for measurements.
"""

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from farmlive.demo.film import sprites
from farmlive.demo.film.moving import Moving
from farmlive.demo.film.sprites import FINE, Ink, dot, mix

WIDTH, HEIGHT = 720, 1280
PERIOD = 30.0
"""Seconds after which every motion is where it began; it divides the minute."""
_HORIZON = 430
_STEPS = 60
"""Positions of the host, over _TURN_S seconds."""
_TURN_S = 3.75
_EDGE = 1010
"""The table's far edge; below it nothing moves."""
# The areas of the host and of her crate: left, top, width and height.
_HOST = (120, 330, 470, _EDGE - 330)
_CRATE = (120, 740, 460, 320)

_SKIN, _CHEEK, _HAIR = (236, 194, 156), (226, 156, 126), (48, 40, 38)
_SHIRT, _SHADE, _APRON = (242, 236, 222), (218, 208, 188), (58, 112, 74)
_STRAW, _BAND = (228, 194, 122), (196, 84, 52)


def _background() -> Image.Image:
    """Draw the still part: sky and sun, hills, the path between rows of trees."""
    chance = Random(952)  # noqa: S311 - a drawing, the same each time
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(_HORIZON + 40):
        ink = mix((126, 190, 226), (255, 236, 204), min(1, y / _HORIZON) ** 1.4)
        draw.line([(0, y), (WIDTH, y)], ink)
    glow = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(glow).ellipse((420, 40, 700, 320), 170)
    glow = glow.filter(ImageFilter.GaussianBlur(60))
    image.paste((255, 246, 210), (0, 0), glow)
    big = image.resize((WIDTH * FINE, HEIGHT * FINE))
    draw = ImageDraw.Draw(big)
    dot(draw, 560, 180, 44, (255, 246, 214))
    hills = ((250, 84, (158, 192, 200)), (318, 66, (124, 170, 158)), (380, 50, (96, 150, 112)))
    for seed, (top, height, ink) in enumerate(hills, 3):
        line = [
            (x * FINE, (top - height * math.sin(x * 0.006 + seed * 1.9)) * FINE)
            for x in range(0, WIDTH + 8, 8)
        ]
        draw.polygon([(0, HEIGHT * FINE), *line, (WIDTH * FINE, HEIGHT * FINE)], ink)
    for y in range(_HORIZON - 16, HEIGHT):
        part = (y - _HORIZON + 16) / (HEIGHT - _HORIZON + 16)
        ink = mix((140, 182, 100), (84, 132, 58), part)
        draw.rectangle([0, y * FINE, WIDTH * FINE, (y + 1) * FINE], ink)
    path = ((346, 424), (374, 424), (640, HEIGHT), (80, HEIGHT))
    draw.polygon([(x * FINE, y * FINE) for x, y in path], (222, 196, 150))
    image = big.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    for depth in range(7):
        near = (depth / 6) ** 1.8
        foot, size = 436 + near * 560, round(56 + near * 440)
        for side in (-1, 1):
            for place in range(4 if depth < 5 else 2):
                x = WIDTH / 2 + side * (34 + near * 330 + place * size * 0.8)
                if -size / 2 < x < WIDTH + size / 2:
                    tree = sprites.tree(chance, size)
                    image.paste(tree, (round(x - size / 2), round(foot - size)), tree)
    # What is behind the host is a little out of focus, as a camera has it.
    return image.filter(ImageFilter.GaussianBlur(1.6))


def _host(turn: float, fruit: Image.Image) -> Image.Image:
    """Draw the host behind her table, who lifts this fruit to the camera and talks."""
    left, top, width, height = _HOST
    image = Image.new("RGBA", (width * FINE, height * FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    angle = 2 * math.pi * turn
    sway = 5 * math.sin(angle)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - left) * FINE, (y - top) * FINE

    def shape(ink: Ink, *points: tuple[float, float]) -> None:
        draw.polygon([at(*point) for point in points], ink)

    def oval(x: float, y: float, rx: float, ry: float, ink: Ink) -> None:
        draw.ellipse((*at(x - rx, y - ry), *at(x + rx, y + ry)), ink)

    def line(ink: Ink, thick: int, *points: tuple[float, float]) -> None:
        draw.line([at(*point) for point in points], ink, thick * FINE, joint="curve")
        for point in points:
            oval(*point, thick / 2, thick / 2, ink)

    x = 360 + sway
    # Body and apron.
    shape(
        _SHIRT, (x - 96, 640), (x - 60, 604), (x + 60, 604), (x + 96, 640), (486, 1010), (234, 1010)
    )
    oval(x - 66, 640, 36, 38, _SHIRT)
    oval(x + 66, 640, 36, 38, _SHIRT)
    shape(_APRON, (x - 52, 690), (x + 52, 690), (x + 84, 1010), (x - 84, 1010))
    line(_APRON, 14, (x - 46, 694), (x - 40, 612))
    line(_APRON, 14, (x + 46, 694), (x + 40, 612))
    # Neck, hair and head, which nods.
    nod = 3 * math.sin(2 * angle)
    line(_SKIN, 44, (x, 560), (x, 606))
    oval(x, 606, 34, 18, _SKIN)
    oval(x, 502 + nod, 72, 74, _HAIR)
    line(_HAIR, 26, (x - 56, 540 + nod), (x - 62, 610))
    oval(x, 520 + nod, 58, 66, _SKIN)
    for side in (-1, 1):
        oval(x + side * 33, 540 + nod, 13, 8, _CHEEK)
        blink = 1.5 if 0.46 < turn < 0.5 else 7
        oval(x + side * 23, 516 + nod, 5, blink, _HAIR)
        line(_HAIR, 3, (x + side * 32, 499 + nod), (x + side * 15, 497 + nod))
    talk = 4 + 6 * abs(math.sin(3 * angle))
    oval(x, 556 + nod, 15, talk, (176, 70, 66))
    oval(x, 552 + nod, 11, min(3, talk / 2), (255, 250, 244))
    # The straw hat.
    oval(x, 470 + nod, 128, 30, (206, 168, 96))
    oval(x, 465 + nod, 124, 26, _STRAW)
    draw.pieslice((*at(x - 72, 386 + nod), *at(x + 72, 530 + nod)), 180, 360, _STRAW)
    line(_BAND, 14, (x - 68, 456 + nod), (x + 68, 456 + nod))
    # The left arm rests on the crate, the right one shows the fruit.
    line(_SHADE, 46, (x - 74, 650), (x - 104, 770), (x - 70, 860))
    line(_SKIN, 32, (x - 86, 822), (x - 60, 880))
    lift = 26 * math.sin(angle)
    elbow, hand = (x + 128, 770), (x + 122 + 16 * math.cos(angle), 628 - lift)
    line(_SHIRT, 46, (x + 74, 650), elbow)
    line(_SKIN, 32, elbow, hand)
    oval(*hand, 24, 24, _SKIN)
    fx, fy = at(hand[0] - 31, hand[1] - 74)
    image.alpha_composite(fruit, (round(fx), round(fy)))
    for finger in range(3):
        line(
            _SKIN,
            13,
            (hand[0] - 18 + finger * 17, hand[1] + 4),
            (hand[0] - 14 + finger * 15, hand[1] - 22),
        )
    return image.reduce(FINE)


def _put_table(image: Image.Image) -> None:
    """Draw the table before the host, with the foot of her crate."""
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, _EDGE, WIDTH, HEIGHT), (158, 112, 70))
    draw.rectangle((0, _EDGE, WIDTH, _EDGE + 14), (196, 148, 98))
    for board in range(4):
        draw.line([(0, 1070 + board * 62), (WIDTH, 1070 + board * 62)], (134, 92, 56), 3)
    crate = _crate()
    foot = crate.crop((0, _EDGE - _CRATE[1], *crate.size))
    image.paste(foot, (_CRATE[0], _EDGE), foot)


def _crate() -> Image.Image:
    return sprites.crate().image.resize(_CRATE[2:], Image.Resampling.LANCZOS)


class Upright:
    """The picture at any time; every part is drawn once before."""

    def __init__(self) -> None:
        self._still = _background()
        _put_table(self._still)
        self._moving = Moving(WIDTH, _CLOUDS)
        # The crate hides part of her, and nothing comes between: both are one sprite.
        crate = _crate()
        fruit = sprites.kumquat(58).resize((62 * FINE, 78 * FINE), Image.Resampling.LANCZOS)
        left, top = _CRATE[0] - _HOST[0], _CRATE[1] - _HOST[1]
        self._hosts = [_host(step / _STEPS, fruit) for step in range(_STEPS)]
        for host in self._hosts:
            host.alpha_composite(crate.crop((0, 0, crate.width, _EDGE - _CRATE[1])), (left, top))

    def at(self, seconds: float) -> Image.Image:
        """Return the picture at a time; the same again after PERIOD."""
        seconds %= PERIOD
        turn = seconds / PERIOD
        picture = self._still.copy()
        self._moving.put_clouds(picture, turn)
        for number in range(4):
            along = (turn * 2 + number * 0.03) % 1
            x = WIDTH + 80 - along * (WIDTH + 160)
            y = 250 + number % 2 * 22 + 26 * math.sin(2 * math.pi * (along * 2 + 0.1))
            self._moving.put_bird(picture, seconds, number, x, y)
        for number in range(5):
            fall = (turn * 3 + number / 5) % 1
            x = 60 + number * 150 + 46 * math.sin(2 * math.pi * (fall * 2 + number / 3))
            self._moving.put_leaf(picture, seconds, number, x, 240 + fall * 700)
        host = self._hosts[int(seconds / _TURN_S * _STEPS) % _STEPS]
        picture.paste(host, _HOST[:2], host)
        self._moving.put_bough(picture, seconds, 90)
        return picture


_CLOUDS = ((240, 150, 0.1), (180, 216, 0.48), (210, 110, 0.8))
