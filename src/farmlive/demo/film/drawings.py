"""Drawings in place of photographs: the county's products, farms and growers.

Returns the pictures by name, as JPEG, for upload like any photograph. scenery.py draws the orchard
of the film, sprites.py its fruit.
"""

import math
from collections.abc import Callable, Sequence
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from farmlive.demo.film.scenery import background
from farmlive.demo.film.sprites import crate, kumquat, leaf

SIZE = 800
WIDE = (1200, 800)
_FINE = 2

Colour = tuple[int, int, int]
Point = tuple[float, float]

PAPER: Colour = (252, 248, 238)
INK: Colour = (58, 48, 38)


def _mix(one: Colour, other: Colour, part: float) -> Colour:
    r, g, b = (round(a + (c - a) * part) for a, c in zip(one, other, strict=True))
    return r, g, b


class Sheet:
    """A picture that is drawn at twice its size and shrunk, for smooth edges."""

    def __init__(self, width: int, height: int, top: Colour, bottom: Colour):
        self.image = Image.new("RGB", (width * _FINE, height * _FINE))
        self._draw = ImageDraw.Draw(self.image)
        for y in range(height * _FINE):
            ink = _mix(top, bottom, y / (height * _FINE))
            self._draw.line([(0, y), (width * _FINE, y)], ink)

    def oval(self, x: float, y: float, rx: float, ry: float, ink: Colour) -> None:
        """Draw an ellipse around (x, y)."""
        box = [(x - rx) * _FINE, (y - ry) * _FINE, (x + rx) * _FINE, (y + ry) * _FINE]
        self._draw.ellipse(box, ink)

    def shape(self, points: Sequence[Point], ink: Colour) -> None:
        """Draw a filled polygon."""
        self._draw.polygon([(x * _FINE, y * _FINE) for x, y in points], ink)

    def stroke(self, points: Sequence[Point], ink: Colour, width: float) -> None:
        """Draw a line through the points."""
        line = [(x * _FINE, y * _FINE) for x, y in points]
        self._draw.line(line, ink, max(1, round(width * _FINE)), joint="curve")

    def box(self, x: float, y: float, w: float, h: float, ink: Colour, radius: float = 0) -> None:
        """Draw a rectangle with rounded corners."""
        edges = [x * _FINE, y * _FINE, (x + w) * _FINE, (y + h) * _FINE]
        self._draw.rounded_rectangle(edges, radius * _FINE, ink)

    def ball(self, x: float, y: float, rx: float, ry: float, dark: Colour, light: Colour) -> None:
        """Draw a rounded body that is lit from the upper left."""
        for step in range(16):
            part = step / 15
            shrink = 1 - part * 0.72
            self.oval(
                x - rx * part * 0.22,
                y - ry * part * 0.26,
                rx * shrink,
                ry * shrink,
                _mix(dark, light, part),
            )

    def shade(self, x: float, y: float, rx: float, ry: float, strength: int = 90) -> None:
        """Draw a soft shadow on the ground."""
        mask = Image.new("L", (self.image.width // 4, self.image.height // 4))
        box = [(x - rx) / 2, (y - ry) / 2, (x + rx) / 2, (y + ry) / 2]
        ImageDraw.Draw(mask).ellipse(box, strength)
        soft = mask.filter(ImageFilter.GaussianBlur(6)).resize(self.image.size)
        self.image.paste((70, 50, 30), (0, 0), soft)

    def put(self, sprite: Image.Image, x: float, y: float, width: float) -> None:
        """Paste a cut-out, `width` wide, with its upper left corner at (x, y)."""
        height = width * sprite.height / sprite.width
        scaled = sprite.resize(
            (round(width * _FINE), round(height * _FINE)), Image.Resampling.LANCZOS
        )
        self.image.paste(scaled, (round(x * _FINE), round(y * _FINE)), scaled)

    def words(self, x: float, y: float, text: str, size: float, ink: Colour) -> None:
        """Write a line of Latin text around (x, y)."""
        font = ImageFont.load_default(size * _FINE)
        self._draw.text((x * _FINE, y * _FINE), text, ink, font, "mm")

    def picture(self) -> Image.Image:
        """Return the picture, shrunk to its size."""
        size = (self.image.width // _FINE, self.image.height // _FINE)
        return self.image.resize(size, Image.Resampling.LANCZOS)

    def jpeg(self) -> bytes:
        """Return the picture as a JPEG file."""
        return _jpeg(self.picture())


def _jpeg(image: Image.Image) -> bytes:
    written = BytesIO()
    image.convert("RGB").save(written, "JPEG", quality=88)
    return written.getvalue()


def _table(top: Colour = (246, 236, 216), wood: Colour = (206, 164, 116)) -> Sheet:
    """Return a wall and a wooden table top as a background."""
    sheet = Sheet(SIZE, SIZE, top, _mix(top, (230, 206, 168), 0.7))
    sheet.box(0, 560, SIZE, 240, wood)
    for board in range(4):
        y = 560 + board * 60
        sheet.stroke([(0, y), (SIZE, y)], _mix(wood, INK, 0.18 if board else 0.3), 2)
    return sheet


def _leafy(sheet: Sheet, x: float, y: float, width: float, turn: float) -> None:
    blade = leaf(220, 0.5).rotate(turn, Image.Resampling.BICUBIC, expand=True)
    sheet.put(blade, x, y, width)


def kumquat_box() -> bytes:
    """Draw a crate of kumquats."""
    sheet = _table()
    sheet.shade(400, 700, 330, 40)
    sheet.put(crate().image, 70, 230, 660)
    for x, y, width in ((70, 660, 74), (150, 690, 66), (640, 676, 78)):
        sheet.put(kumquat(120), x, y, width)
    _leafy(sheet, 560, 670, 110, 20)
    return sheet.jpeg()


def kumquat_boxes() -> bytes:
    """Draw two crates of kumquats, one on the other, and a heap before them."""
    sheet = _table((238, 238, 220))
    sheet.shade(400, 716, 360, 40)
    sheet.put(crate().image, 360, 268, 400)
    sheet.put(crate().image, 40, 340, 540)
    chance = Random(11)  # noqa: S311 - a drawing, the same each time
    for _ in range(9):
        x, y = chance.uniform(520, 700), chance.uniform(640, 710)
        sheet.put(kumquat(120), x, y, chance.uniform(58, 76))
    _leafy(sheet, 470, 690, 120, -15)
    return sheet.jpeg()


def jam_jar() -> bytes:
    """Draw a jar of kumquat jam and a spoon."""
    sheet = _table((250, 240, 222))
    sheet.shade(400, 712, 220, 36)
    sheet.box(230, 250, 340, 460, (236, 150, 44), 60)
    sheet.box(246, 300, 308, 394, (248, 172, 62), 52)
    chance = Random(3)  # noqa: S311
    for _ in range(26):
        x, y = chance.uniform(275, 525), chance.uniform(330, 670)
        sheet.oval(x, y, 24, 9, _mix((214, 108, 22), (255, 206, 120), chance.random()))
    sheet.box(262, 300, 26, 380, (255, 222, 160), 13)
    sheet.box(240, 176, 320, 92, (244, 240, 230), 22)
    for stripe in range(10):
        sheet.box(252 + stripe * 31, 178, 14, 88, (208, 74, 60), 4)
    sheet.box(290, 420, 220, 150, PAPER, 14)
    sheet.words(400, 468, "Kumquat jam", 30, INK)
    sheet.words(400, 516, "300 g · J1119", 22, (120, 104, 88))
    sheet.put(kumquat(120), 620, 640, 84)
    sheet.put(kumquat(120), 120, 650, 74)
    return sheet.jpeg()


def pomelos() -> bytes:
    """Draw two honey pomelos."""
    sheet = _table((232, 240, 220))
    for x, y, size in ((250, 520, 190), (560, 550, 170)):
        sheet.shade(x, y + size * 0.92, size, 30)
        neck = [(x - size * 0.5, y - size * 0.55), (x - size * 0.12, y - size * 1.3)]
        neck += [(x + size * 0.12, y - size * 1.3), (x + size * 0.5, y - size * 0.55)]
        sheet.shape(neck, (214, 200, 84))
        sheet.ball(x, y, size, size * 0.94, (186, 176, 60), (248, 232, 132))
        chance = Random(round(x))  # noqa: S311
        for _ in range(130):
            turn, reach = chance.uniform(0, 2 * math.pi), chance.random() ** 0.5 * 0.92
            px, py = x + math.cos(turn) * reach * size, y + math.sin(turn) * reach * size * 0.94
            sheet.oval(px, py, 2.2, 2.2, (206, 190, 82))
        sheet.stroke([(x, y - size * 1.28), (x + 6, y - size * 1.46)], (96, 84, 44), 12)
        _leafy(sheet, x + 4, y - size * 1.62, 150, 24)
    return sheet.jpeg()


def rice_bag() -> bytes:
    """Draw a cloth bag of rice with a bowl of grains."""
    sheet = _table((240, 236, 226))
    sheet.shade(360, 716, 270, 36)
    body = [(150, 716), (130, 470), (176, 250), (300, 200), (430, 200), (556, 250)]
    sheet.shape([*body, (600, 470), (576, 716)], (232, 220, 190))
    sheet.shape([(300, 200), (262, 110), (340, 132), (366, 96), (398, 132), (470, 110), (430, 200)],
                (222, 206, 172))  # fmt: skip
    sheet.stroke([(286, 204), (444, 204)], (150, 96, 56), 14)
    for fold in (210, 290, 480, 530):
        sheet.stroke([(fold, 260), (fold - 12, 700)], (216, 202, 168), 5)
    sheet.box(246, 350, 240, 210, PAPER, 12)
    sheet.words(366, 410, "Lianhe", 40, (72, 110, 60))
    sheet.words(366, 462, "terrace rice", 30, INK)
    sheet.words(366, 516, "2.5 kg · R1028", 22, (120, 104, 88))
    sheet.shade(640, 720, 120, 22)
    sheet.oval(640, 640, 116, 34, (248, 246, 238))
    chance = Random(8)  # noqa: S311
    for _ in range(420):
        turn, reach = chance.uniform(0, 2 * math.pi), chance.random() ** 0.5
        x, y = 640 + math.cos(turn) * reach * 100, 636 + math.sin(turn) * reach * 26
        sheet.oval(x, y, 6, 2.6, _mix((236, 230, 212), (255, 254, 248), chance.random()))
    sheet.shape([(524, 640), (756, 640), (716, 716), (564, 716)], (94, 130, 140))
    sheet.stroke([(524, 640), (756, 640)], (70, 100, 110), 6)
    return sheet.jpeg()


def _tin(body: Colour, cup: Colour, name: str, line: str) -> bytes:
    sheet = _table((238, 230, 220))
    sheet.shade(310, 716, 200, 34)
    sheet.box(140, 300, 330, 416, body, 16)
    sheet.box(156, 300, 34, 416, _mix(body, (255, 255, 255), 0.22))
    sheet.box(430, 300, 24, 416, _mix(body, (0, 0, 0), 0.18))
    sheet.oval(305, 300, 165, 40, _mix(body, (255, 255, 255), 0.12))
    sheet.box(128, 200, 354, 90, _mix(body, (0, 0, 0), 0.12), 14)
    sheet.oval(305, 202, 177, 40, _mix(body, (255, 255, 255), 0.2))
    sheet.oval(305, 500, 110, 110, PAPER)
    sheet.words(305, 480, name, 30, INK)
    sheet.words(305, 528, line, 20, (120, 104, 88))
    sheet.shade(620, 716, 130, 26)
    sheet.shape([(510, 590), (730, 590), (690, 700), (550, 700)], (250, 248, 242))
    sheet.oval(620, 590, 110, 32, (236, 232, 224))
    sheet.oval(620, 590, 98, 26, cup)
    for x in (596, 632):
        curl = [(x + 10 * math.sin(step / 3), 560 - step * 9) for step in range(18)]
        sheet.stroke(curl, (255, 252, 246), 5)
    return sheet.jpeg()


def black_tea() -> bytes:
    """Draw a tin of black tea and a steaming cup."""
    return _tin((138, 46, 40), (172, 74, 30), "Youxi black", "125 g · T1016")


def green_tea() -> bytes:
    """Draw a tin of green tea and a steaming cup."""
    return _tin((60, 112, 74), (204, 206, 110), "Tangchuan", "100 g · 0412-2")


def orchard() -> bytes:
    """Draw the kumquat orchard of the film."""
    return _jpeg(background().resize((1422, 800)).crop((111, 0, 1311, 800)))


def terraces() -> bytes:
    """Draw rice terraces that mirror the sky, step below step."""
    width, height = WIDE
    sheet = Sheet(width, height, (176, 212, 226), (250, 236, 206))
    _far_hills(sheet)
    chance = Random(21)  # noqa: S311
    steps = 15
    for step in range(steps):
        part = step / (steps - 1)
        top = 290 + part**1.25 * 500
        tilt = chance.uniform(0, 6)
        edge = [
            (x, top + math.sin(x / (150 + 46 * part) + tilt) * (10 + 24 * part))
            for x in range(-10, width + 20, 10)
        ]
        bank = _mix((150, 176, 96), (96, 138, 60), part)
        sheet.shape([*edge, (width, height), (0, height)], bank)
        deep = 7 + 26 * part
        water = [(x, y + deep * 0.5) for x, y in edge]
        below = [(x, y + deep) for x, y in reversed(edge)]
        sky = _mix((196, 218, 222), (244, 226, 178), chance.random())
        sheet.shape(water + below, sky if step % 3 else (198, 206, 108))
    return sheet.jpeg()


def tea_hills() -> bytes:
    """Draw rows of tea bushes over round hills, with mist between them."""
    width, height = WIDE
    sheet = Sheet(width, height, (188, 210, 214), (240, 240, 224))
    _far_hills(sheet)
    for hill, (x, y, rx, ry) in enumerate(
        ((260, 560, 520, 250), (960, 620, 560, 280), (480, 800, 700, 300))
    ):
        base = _mix((108, 152, 98), (62, 116, 60), hill / 2)
        sheet.oval(x, y + ry * 0.4, rx, ry, base)
        for row in range(11):
            part = row / 11
            span = math.sqrt(max(0.0, 1 - (1 - part) ** 2))
            middle = y + ry * 0.4 - ry + ry * part * 1.1
            arc = [
                (x + rx * span * turn, middle + 16 * part + 26 * turn * turn)
                for turn in (step / 16 for step in range(-16, 17))
            ]
            sheet.stroke(arc, _mix(base, (40, 84, 44), 0.55), 12)
            sheet.stroke([(a, b - 4) for a, b in arc], _mix(base, (176, 206, 112), 0.6), 7)
        mist = Image.new("L", sheet.image.size)
        ImageDraw.Draw(mist).ellipse(
            [(x - rx) * _FINE, (y + ry * 0.5) * _FINE, (x + rx) * _FINE, (y + ry) * _FINE], 120
        )
        small = mist.resize((300, 200)).filter(ImageFilter.GaussianBlur(14))
        sheet.image.paste((246, 248, 242), (0, 0), small.resize(sheet.image.size))
    return sheet.jpeg()


def _far_hills(sheet: Sheet) -> None:
    width, height = WIDE
    for number, (top, swing, ink) in enumerate(
        ((210, 60, (156, 190, 200)), (262, 46, (128, 172, 168)), (304, 30, (112, 160, 130)))
    ):
        line = [
            (x, top - swing * (math.sin(x / 170 + number * 2) + 0.4 * math.sin(x / 61 + number)))
            for x in range(0, width + 10, 10)
        ]
        sheet.shape([(0, height), *line, (width, height)], ink)


def _portrait(
    wall: Colour, coat: Colour, skin: Colour, hair: Colour, *, hat: bool, long_hair: bool
) -> bytes:
    """Draw a grower from the chest up."""
    sheet = Sheet(SIZE, SIZE, _mix(wall, PAPER, 0.5), wall)
    if long_hair:
        sheet.oval(400, 380, 176, 214, hair)
        sheet.box(232, 380, 336, 190, hair, 60)
    sheet.shape([(90, 800), (150, 640), (310, 570), (490, 570), (650, 640), (710, 800)], coat)
    sheet.shape([(330, 566), (400, 660), (470, 566)], _mix(coat, (255, 255, 255), 0.7))
    sheet.box(350, 500, 100, 110, _mix(skin, INK, 0.12), 40)
    sheet.ball(400, 384, 138, 164, _mix(skin, (180, 110, 70), 0.25), skin)
    sheet.shape(
        [(264, 360), (280, 270), (340, 216), (400, 204), (460, 216), (520, 270), (536, 360),
         (500, 300), (400, 262), (300, 300)], hair)  # fmt: skip
    for side in (-1, 1):
        sheet.oval(400 + side * 54, 386, 10, 12, INK)
        sheet.stroke([(400 + side * 76, 354), (400 + side * 34, 350)], hair, 7)
        sheet.oval(400 + side * 84, 432, 24, 15, _mix(skin, (232, 120, 96), 0.4))
    sheet.stroke([(400, 392), (390, 428), (404, 432)], _mix(skin, INK, 0.3), 5)
    smile = [(356 + step * 11, 466 + 20 * math.sin(step / 8 * math.pi)) for step in range(9)]
    sheet.stroke(smile, (176, 74, 62), 8)
    if hat:
        sheet.shape([(180, 286), (400, 110), (620, 286)], (226, 192, 118))
        sheet.oval(400, 286, 222, 40, (214, 178, 102))
        for ring in range(4):
            y = 150 + ring * 36
            reach = (y - 110) * 1.22
            sheet.stroke([(400 - reach, y), (400 + reach, y)], (196, 156, 84), 4)
    return sheet.jpeg()


def lin() -> bytes:
    """Draw Lin Xiuzhen of the orchard."""
    return _portrait(
        (226, 214, 170), (196, 84, 62), (240, 204, 168), (54, 44, 42), hat=True, long_hair=True
    )


def wu() -> bytes:
    """Draw Wu Deming of the terraces."""
    return _portrait(
        (196, 214, 190), (62, 92, 122), (226, 184, 142), (120, 116, 112), hat=False, long_hair=False
    )


def zheng() -> bytes:
    """Draw Zheng Wenhai of the tea hills."""
    return _portrait(
        (206, 218, 214), (78, 110, 78), (230, 190, 150), (40, 38, 38), hat=True, long_hair=False
    )


DRAWINGS: dict[str, Callable[[], bytes]] = {
    "kumquats-2500": kumquat_box,
    "kumquats-5000": kumquat_boxes,
    "jam": jam_jar,
    "pomelo": pomelos,
    "rice": rice_bag,
    "black-tea": black_tea,
    "green-tea": green_tea,
    "orchard": orchard,
    "terraces": terraces,
    "tea": tea_hills,
    "lin": lin,
    "wu": wu,
    "zheng": zheng,
}
