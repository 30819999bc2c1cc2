"""The picture of a product: its own, or a drawing where it has none.

Owns the choice of drawings in static/pictures; the scripts' twin is
static/lib/format/product-picture.js, which gets DRAWINGS and BOXES with the page.
"""

from farmlive.bilingual import Bilingual

# Words of a product's name, in either language, and the drawing that shows it.
DRAWINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("produce/jar.svg", ("果酱", "蜂蜜", "蜜饯", "jam", "honey", "marmalade")),
    ("produce/tea.svg", ("茶", "tea")),
    ("produce/citrus.svg", ("柚", "橙", "柠檬", "pomelo", "orange", "lemon", "grapefruit")),
    ("produce.svg", ("金桔", "金柑", "桔", "橘", "柑", "kumquat", "mandarin", "tangerine")),
    ("produce/rice.svg", ("米", "稻", "rice", "flour")),
    ("produce/shoots.svg", ("笋", "bamboo", "shoot")),
    ("produce/mushroom.svg", ("菇", "菌", "木耳", "mushroom", "shiitake")),
    ("produce/eggs.svg", ("蛋", "egg")),
    ("produce/roots.svg", ("薯", "芋", "萝卜", "姜", "potato", "taro", "yam", "radish", "ginger")),
    ("produce/greens.svg", ("菜", "叶", "cabbage", "greens", "lettuce", "spinach")),
)
# Products without a known word are drawn as a box, in one of four colours.
BOXES = tuple(f"produce/box-{number}.svg" for number in range(1, 5))


def drawing(name: Bilingual) -> str:
    """Return the drawing for a product's name, below static/pictures; one name always has the same
    one.
    """
    said = f"{name.zh} {name.en}".lower()
    for file, words in DRAWINGS:
        if any(word in said for word in words):
            return file
    return BOXES[sum(ord(letter) for letter in said) % len(BOXES)]
