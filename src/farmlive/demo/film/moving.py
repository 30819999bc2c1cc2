"""The moving parts that both orchard films share: clouds, birds, falling leaves and the bough.

Each position is drawn once, when the film begins. All come round within 30 seconds.
"""

import math
from collections.abc import Iterable
from random import Random

from PIL import Image

from farmlive.demo.film import sprites

_BEATS, _TURNS, _SWAYS = 12, 24, 50


class Moving:
    """The sprites; `width` is the picture's, `clouds` have each a width, a height and the part of
    its lap from which it starts.
    """

    def __init__(self, width: int, clouds: Iterable[tuple[int, int, float]]) -> None:
        chance = Random(5)  # noqa: S311 - a drawing, the same each time
        self._width = width
        self._clouds = [(sprites.cloud(chance, wide), y, lap) for wide, y, lap in clouds]
        self._birds = [
            sprites.bird(math.sin(2 * math.pi * step / _BEATS)) for step in range(_BEATS)
        ]
        bough = sprites.branch()
        self._boughs = [
            bough.rotate(
                1.5 * math.sin(2 * math.pi * step / _SWAYS),
                Image.Resampling.BICUBIC,
                center=(bough.width, 24),
            )
            for step in range(_SWAYS)
        ]
        leaf = sprites.leaf(22, 0.9)
        self._leaves = [
            leaf.rotate(step * 360 / _TURNS, Image.Resampling.BICUBIC, expand=True)
            for step in range(_TURNS)
        ]

    def put_clouds(self, picture: Image.Image, laps: float) -> None:
        """Draw the clouds; `laps`: how often they have crossed the picture from left to right."""
        for sprite, y, start in self._clouds:
            span = self._width + sprite.image.width
            sprite.put(picture, (laps + start) % 1 * span - sprite.image.width / 2, y)

    def put_bird(
        self, picture: Image.Image, seconds: float, number: int, x: float, y: float
    ) -> None:
        """Draw a bird; those with other numbers beat their wings at other times."""
        self._birds[int(seconds * 18 + number * 4) % _BEATS].put(picture, x, y)

    def put_leaf(
        self, picture: Image.Image, seconds: float, number: int, x: float, y: float
    ) -> None:
        """Draw a leaf that turns while it falls."""
        leaf = self._leaves[int(seconds * 8 + number * 5) % _TURNS]
        picture.paste(leaf, (round(x), round(y)), leaf)

    def put_bough(self, picture: Image.Image, seconds: float, beyond: int = 0) -> None:
        """Draw the bough in the upper right corner, `beyond` pixels of it outside the picture."""
        bough = self._boughs[int(seconds * 15) % _SWAYS]
        picture.paste(bough, (self._width - bough.width + beyond, 0), bough)
