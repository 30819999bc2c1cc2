"""Which drawing stands for a product without a photograph."""

import pytest

from farmlive.bilingual import Bilingual
from farmlive.pages.rendering.pictures import BOXES, DRAWINGS, drawing
from farmlive.pages.rendering.static import WEB


@pytest.mark.parametrize(
    ("zh", "en", "file"),
    [
        ("尤溪金柑", "", "produce.svg"),
        ("金柑果酱", "Kumquat jam", "produce/jar.svg"),
        ("", "Green TEA, 100 g", "produce/tea.svg"),
        ("梯田米", "Terrace rice", "produce/rice.svg"),
        ("冬笋", "Bamboo shoots", "produce/shoots.svg"),
    ],
)
def test_a_name_tells_what_is_drawn(zh: str, en: str, file: str) -> None:
    assert drawing(Bilingual(zh=zh, en=en)) == file


def test_what_no_word_tells_is_a_box_and_always_the_same() -> None:
    names = [Bilingual(zh=f"特产{number}", en="") for number in range(20)]
    drawn = [drawing(name) for name in names]
    assert drawn == [drawing(name) for name in names]
    assert set(drawn) == set(BOXES)


def test_every_drawing_is_there() -> None:
    for file in (*BOXES, *(file for file, _ in DRAWINGS)):
        assert (WEB / "static" / "pictures" / file).is_file(), file
