"""Draws the kitchen of the second film, where the orchard's fruit is made into jam.

A pure function of time that repeats after PERIOD seconds; film.py encodes it.
"""

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from farmlive.demo.film.drawings import INK, PAPER, Colour, Point, Sheet
from farmlive.demo.film.scenery import background
from farmlive.demo.film.sprites import Sprite, crate, kumquat

WIDTH, HEIGHT = 640, 360
PERIOD = 10.0
"""Seconds after which every motion is where it began; it divides the minute."""
_FINE = 2
_POT = (286, 226)
_STIRS, _STEPS = 5, 30
_PUFFS, _TOSSES = 6, 4

_WALL: Colour = (250, 238, 212)
_IRON: Colour = (64, 62, 66)
_SKIN: Colour = (232, 190, 152)
_APRON: Colour = (206, 92, 66)
_JACKET: Colour = (96, 124, 156)
# The cook's area: left, top, width and height.
_COOK = (232, 76, 236, 190)


def _still() -> Image.Image:
    """Draw the room: a window to the orchard, shelves of jam, the stove with its pot, the crate."""
    sheet = Sheet(WIDTH, HEIGHT, _WALL, (236, 214, 176))
    sheet.box(24, 22, 196, 136, (150, 108, 70), 6)
    view = background().crop((330, 40, 1010, 516)).convert("RGBA")
    sheet.put(view, 32, 30, 180)
    sheet.box(119, 30, 6, 126, (150, 108, 70))
    sheet.box(16, 154, 212, 10, (172, 128, 84), 3)
    for row, y in enumerate((92, 166)):
        sheet.box(452, y, 174, 8, (158, 114, 74), 2)
        for place in range(5 - row):
            _jar(sheet, 464 + place * 32 + row * 12, y, Random(row * 7 + place))  # noqa: S311
    sheet.box(0, 262, WIDTH, 98, (206, 164, 116))
    sheet.box(0, 262, WIDTH, 9, (226, 190, 146))
    for x in range(0, WIDTH + 1, 92):
        sheet.stroke([(x, 284), (x, HEIGHT)], (186, 144, 98), 2)
    sheet.put(crate().image, 26, 176, 128)
    sheet.box(176, 266, 220, 22, _IRON, 6)
    sheet.shade(_POT[0], 266, 96, 8, 120)
    x, y = _POT
    body: list[Point] = [(x - 84, y), (x - 74, y + 34), (x + 74, y + 34), (x + 84, y)]
    sheet.shape(body, (92, 90, 96))
    for side in (-1, 1):
        sheet.stroke([(x + side * 80, y + 6), (x + side * 100, y + 2)], _IRON, 8)
    sheet.oval(x, y, 86, 20, (124, 122, 128))
    sheet.oval(x, y + 1, 78, 16, (224, 128, 34))
    sheet.box(470, 272, 138, 12, (178, 132, 86), 5)
    for place in range(6):
        sheet.put(kumquat(40), 482 + place * 19, 252 + place % 2 * 3, 20)
    return sheet.picture()


def _jar(sheet: Sheet, x: float, shelf: float, chance: Random) -> None:
    sheet.box(x, shelf - 40, 25, 40, (232, 146, 44), 6)
    sheet.box(x + 3, shelf - 36, 5, 32, (252, 198, 112), 3)
    lid: Colour = chance.choice([(196, 74, 60), (92, 132, 84), (238, 226, 200)])
    sheet.box(x + 1, shelf - 48, 23, 10, lid, 3)
    sheet.box(x + 5, shelf - 27, 15, 14, PAPER, 2)


def _cook(turn: float) -> Image.Image:
    """Draw the cook behind the stove with the ladle in the pot; `turn` is the ladle's position."""
    left, top, width, height = _COOK
    image = Image.new("RGBA", (width * _FINE, height * _FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)

    def at(x: float, y: float) -> Point:
        return (x - left) * _FINE, (y - top) * _FINE

    def line(ink: Colour, width: int, *points: Point) -> None:
        draw.line([at(*point) for point in points], ink, width * _FINE, joint="curve")

    def oval(x: float, y: float, rx: float, ry: float, ink: Colour) -> None:
        draw.ellipse((*at(x - rx, y - ry), *at(x + rx, y + ry)), ink)

    angle = 2 * math.pi * turn
    sway = 3 * math.cos(angle)
    x, ladle = 418 + sway, (_POT[0] + 40 * math.cos(angle), _POT[1] + 2 + 9 * math.sin(angle))
    hand = (ladle[0] + 34, ladle[1] - 62)
    jacket = ((x - 40, 262), (x - 30, 150), (x + 30, 150), (x + 42, 262))
    draw.polygon([at(*point) for point in jacket], _JACKET)
    draw.rounded_rectangle((*at(x - 27, 168), *at(x + 27, 263)), 12 * _FINE, _APRON)
    line(_APRON, 5, (x - 18, 172), (x - 14, 146))
    line(_APRON, 5, (x + 18, 172), (x + 14, 146))
    oval(x, 112, 27, 29, (54, 46, 44))
    oval(x + 20, 92, 12, 11, (54, 46, 44))
    line(_SKIN, 14, (x, 132), (x, 150))
    oval(x - 4, 116, 21, 24, _SKIN)
    for eye in (-13, 1):
        line(INK, 2, (x + eye - 3, 114), (x + eye + 3, 114))
    line((190, 92, 76), 2, (x - 11, 127), (x - 6, 129), (x - 1, 127))
    line((150, 152, 158), 5, ladle, hand)
    oval(ladle[0], ladle[1], 12, 5, (150, 152, 158))
    elbow = ((x - 26 + hand[0]) / 2 - 4, 196)
    line(_JACKET, 16, (x - 24, 160), elbow)
    line(_SKIN, 10, elbow, hand)
    oval(*hand, 7, 7, _SKIN)
    return image.resize(_COOK[2:], Image.Resampling.LANCZOS)


def _puff(age: float) -> Sprite:
    """Draw a puff of steam; `age` from 0 to 1, when it is gone."""
    radius = 7 + 20 * age
    size = round(radius * 2 + 16)
    mask = Image.new("L", (size, size))
    strength = round(150 * math.sin(math.pi * min(1.0, 0.12 + age * 0.88)) * (1 - age * 0.5))
    edge = size / 2 - radius
    ImageDraw.Draw(mask).ellipse((edge, edge, size - edge, size - edge), strength)
    puff = Image.new("RGBA", (size, size), (255, 255, 255, 0))
    puff.putalpha(mask.filter(ImageFilter.GaussianBlur(5)))
    return Sprite(puff, size // 2, size // 2)


class Kitchen:
    """The picture at any time; every part is drawn once before."""

    def __init__(self) -> None:
        self._still = _still()
        self._cooks = [_cook(step / _STEPS) for step in range(_STEPS)]
        self._puffs = [_puff(step / 24) for step in range(24)]
        fruit = kumquat(15)
        self._fruits = [
            fruit.rotate(step * 30, Image.Resampling.BICUBIC, expand=True) for step in range(12)
        ]

    def at(self, seconds: float) -> Image.Image:
        """Return the picture at a time; the same again after PERIOD."""
        turn = seconds % PERIOD / PERIOD
        picture = self._still.copy()
        cook = self._cooks[int(turn * _STIRS * _STEPS) % _STEPS]
        picture.paste(cook, _COOK[:2], cook)
        self._toss(picture, turn)
        self._simmer(ImageDraw.Draw(picture), turn)
        for number in range(_PUFFS):
            age = (turn * 4 + number / _PUFFS) % 1
            sway = math.sin(2 * math.pi * (age + number / 3))
            x = _POT[0] - 40 + number * 16 + 10 * sway * age
            self._puffs[int(age * 24)].put(picture, x, _POT[1] - 12 - 150 * age)
        return picture

    def _toss(self, picture: Image.Image, turn: float) -> None:
        """Draw a kumquat that flies from the crate into the pot."""
        part = turn * _TOSSES % 1 / 0.4
        if part < 1:
            x = 120 + (_POT[0] - 30 - 120) * part
            y = 196 + (_POT[1] - 4 - 196) * part - 90 * 4 * part * (1 - part)
            fruit = self._fruits[int(part * 24) % 12]
            picture.paste(fruit, (round(x), round(y)), fruit)

    def _simmer(self, draw: ImageDraw.ImageDraw, turn: float) -> None:
        """Draw bubbles that grow and burst, and the flames."""
        for number in range(9):
            age = (turn * 10 + number * 0.37) % 1
            x = _POT[0] - 60 + (number * 53) % 120
            y, size = _POT[1] - 4 + (number * 29) % 11, 1 + 4 * age
            draw.ellipse((x - size, y - size / 2, x + size, y + size / 2), (252, 186, 92))
        for number in range(9):
            x = _POT[0] - 56 + number * 14
            tall = 5 + 3 * math.sin(2 * math.pi * (turn * 20 + number * 0.3))
            draw.polygon([(x - 4, 267), (x, 267 - tall), (x + 4, 267)], (92, 148, 226))
