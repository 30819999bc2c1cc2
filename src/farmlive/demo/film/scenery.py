"""Draws the orchard of the film: a still background and what moves before it.

A pure function of time that repeats after PERIOD seconds; film.py encodes it.
"""

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from farmlive.demo.film import sprites
from farmlive.demo.film.moving import Moving
from farmlive.demo.film.sprites import FINE, dot, mix

WIDTH, HEIGHT = 1280, 720
PERIOD = 60.0
"""Seconds after which every motion is where it began: the minute of the clock's second hand."""
_HORIZON = 330


def _ridge(x: float, seed: int, height: float) -> float:
    waves = ((0.0034, 1.0), (0.0081, 0.42), (0.019, 0.14))
    return height * sum(a * math.sin(x * f + seed * (1.7 + f * 90)) for f, a in waves)


def background() -> Image.Image:
    """Draw the still part: sky and sun, hills, rows of trees, the path and a crate of fruit."""
    chance = Random(952)  # noqa: S311 - a drawing, the same each time
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(_HORIZON + 60):
        draw.line(
            [(0, y), (WIDTH, y)],
            mix((150, 205, 232), (255, 240, 212), min(1, y / _HORIZON) ** 1.3),
        )
    glow = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(glow).ellipse((690, -60, 930, 180), 150)
    glow = glow.filter(ImageFilter.GaussianBlur(48))
    image.paste((255, 246, 210), (0, 0), glow)
    big = image.resize((WIDTH * FINE, HEIGHT * FINE))
    draw = ImageDraw.Draw(big)
    dot(draw, 810, 58, 40, (255, 246, 214))
    hills = ((150, 62, (158, 192, 200)), (205, 52, (124, 170, 158)), (262, 40, (96, 150, 112)))
    for seed, (top, height, ink) in enumerate(hills, 3):
        line = [(x * FINE, (top - _ridge(x, seed, height)) * FINE) for x in range(0, WIDTH + 8, 8)]
        draw.polygon([(0, HEIGHT * FINE), *line, (WIDTH * FINE, HEIGHT * FINE)], ink)
    for y in range(_HORIZON - 26, HEIGHT):
        part = (y - _HORIZON + 26) / (HEIGHT - _HORIZON + 26)
        draw.rectangle(
            [0, y * FINE, WIDTH * FINE, (y + 1) * FINE],
            mix((132, 176, 98), (98, 146, 66), part),
        )
    draw.polygon(
        [(x * FINE, y * FINE) for x, y in ((628, 318), (652, 318), (930, 720), (430, 720))],
        (222, 196, 150),
    )
    for _ in range(420):
        foot = _HORIZON + (HEIGHT - _HORIZON) * chance.random()
        x, tall = chance.uniform(0, WIDTH), 2 + (foot - _HORIZON) / 40
        if abs(x - 650) > 24 + (foot - _HORIZON) * 0.66:
            draw.line(
                [(x * FINE, foot * FINE), ((x + tall / 2) * FINE, (foot - tall) * FINE)],
                (82, 130, 58),
                3,
            )
    image = big.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    _rows(image, chance)
    sprites.crate().put(image, 212, 704)
    return image


def _rows(image: Image.Image, chance: Random) -> None:
    """Draw the rows of trees on both sides of the path, far ones first."""
    for depth in range(8):
        near = (depth / 7) ** 1.7
        foot, size = 322 + near * 268, round(34 + near * 236)
        for side in (-1, 1):
            for place in range(6 if depth < 6 else 4):
                x = 640 + side * (26 + near * 270 + place * size * 0.86)
                if -size < x < WIDTH + size:
                    tree = sprites.tree(chance, size)
                    shade = Image.new("L", (size, size // 5))
                    ImageDraw.Draw(shade).ellipse((size * 0.1, 0, size * 0.9, size // 5 - 1), 70)
                    image.paste(
                        (40, 70, 40), (round(x - size / 2), round(foot - size // 10)), shade
                    )
                    image.paste(tree, (round(x - size / 2), round(foot - size)), tree)


class Orchard:
    """The picture at any time; every part is drawn once before."""

    def __init__(self) -> None:
        self._still = background()
        self._moving = Moving(WIDTH, _CLOUDS)
        self._butterflies = [
            sprites.butterfly(0.15 + 0.85 * abs(math.cos(math.pi * step / 8))) for step in range(8)
        ]
        self._farmers = [sprites.farmer(step / 24) for step in range(24)]
        self._face = sprites.clock_face()
        self._digits = [sprites.seconds(second) for second in range(60)]

    def at(self, seconds: float) -> Image.Image:
        """Return the picture at a time; the same again after PERIOD."""
        seconds %= PERIOD
        turn = seconds / PERIOD
        picture = self._still.copy()
        self._moving.put_clouds(picture, turn)
        self._fly(picture, seconds, turn)
        walk = self._farmers[int(seconds * 20) % 24]
        walk.put(picture, -140 + (WIDTH + 280) * turn, 664 + 6 * math.sin(2 * math.pi * turn * 3))
        for number in range(6):
            fall = (turn * 5 + number / 6) % 1
            x = 160 + number * 190 + 46 * math.sin(2 * math.pi * (fall * 2 + number / 3))
            self._moving.put_leaf(picture, seconds, number, x, 150 + fall * 560)
        self._moving.put_bough(picture, seconds)
        self._clock(picture, seconds)
        return picture

    def _fly(self, picture: Image.Image, seconds: float, turn: float) -> None:
        for number in range(5):
            along = (turn * 3 + number * 0.021) % 1
            x = WIDTH + 80 - along * (WIDTH + 160)
            y = 96 + abs(number - 2) * 17 + 26 * math.sin(2 * math.pi * (along * 2 + 0.1))
            self._moving.put_bird(picture, seconds, number, x, y)
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
