"""Each drawing is a picture of its own that an upload takes."""

from io import BytesIO

import pytest
from PIL import Image

from farmlive.demo.county import content
from farmlive.demo.film.drawings import DRAWINGS, SIZE, WIDE


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_a_jpeg_of_its_size_with_something_on_it(name: str) -> None:
    picture = Image.open(BytesIO(DRAWINGS[name]()))
    assert picture.format == "JPEG"
    assert picture.size in ((SIZE, SIZE), WIDE)
    assert len(picture.convert("RGB").resize((64, 64)).getcolors(4096) or []) > 200


def test_every_product_has_a_drawing() -> None:
    assert set(content()["products"]) <= set(DRAWINGS)
