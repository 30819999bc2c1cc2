"""Photos for claims that are never sent are removed after a day, and no others are."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.shop.support.claims import arrived, claim, kept

from farmlive.clock import now_ms, pretended
from farmlive.shop.claims import photos as claim_photos
from farmlive.shop.claims.photos import KEPT_MS, ClaimPhotos
from farmlive.shop.claims.problems import UnknownPhoto
from farmlive.store.files.uploads import NoRoom

DAY_MS = KEPT_MS + 60_000


@pytest.fixture
def photos(stall: Any) -> ClaimPhotos:
    found: ClaimPhotos = stall.shop.claim_photos
    return found


def files(photos: ClaimPhotos) -> set[str]:
    return {path.name for path in photos._folder.glob("*/*")}


def age(photos: ClaimPhotos, name: str) -> Path:
    """Have a photo be older than a day."""
    path = photos._folder / name[:2] / name
    then = (now_ms() - DAY_MS) / 1000
    os.utime(path, (then, then))
    return path


async def test_what_was_never_sent_goes_after_a_day(
    stall: Any, photos: ClaimPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await arrived(stall)
    sent, unsent = await kept(stall, placed, 20), await kept(stall, placed, 220)
    (photos._folder / sent[:2] / "broken off").write_bytes(b"RIFF")
    assert await photos.clear() == 0
    await claim(stall, placed, photos=[sent])
    assert files(photos) == {sent, unsent, "broken off"}
    with pretended(now_ms() + DAY_MS):
        monkeypatch.setattr(stall.shop.claims, "_photos_per_order", 2)
        with pytest.raises(NoRoom):
            await kept(stall, placed, 40)
        assert await photos.clear() == 2
        assert files(photos) == {sent}
        await kept(stall, placed, 40)
        assert await photos.clear() == 0
        with pytest.raises(UnknownPhoto):
            await claim(stall, await arrived(stall), photos=[unsent])
    await stall.shop.claims.photo_of_order(placed["token"], sent)


async def test_one_that_is_chosen_again_or_sent_late_stays_another_day(
    stall: Any, photos: ClaimPhotos
) -> None:
    placed = await arrived(stall)
    again, late = await kept(stall, placed, 20), await kept(stall, placed, 220)
    for name in (again, late):
        age(photos, name)
    assert await kept(stall, placed, 20) == again
    await claim(stall, placed, photos=[late])
    assert await photos.clear() == 0
    assert files(photos) == {again, late}


async def test_a_claim_that_is_being_sent_keeps_its_photos(
    stall: Any, photos: ClaimPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await arrived(stall)
    name = await kept(stall, placed)
    path = age(photos, name)
    asked = claim_photos._claimed_photos

    def sent(connection: Any) -> set[str]:
        # Another server's claim touches it now, and is not committed yet.
        assert claim_photos.touch([path]) == []
        return asked(connection)

    monkeypatch.setattr(claim_photos, "_claimed_photos", sent)
    assert await photos.clear() == 0
    assert files(photos) == {name}


async def test_what_a_killed_server_left_on_the_way_out_is_put_back_or_removed(
    stall: Any, photos: ClaimPhotos
) -> None:
    placed = await arrived(stall)
    sent, unsent = await kept(stall, placed, 20), await kept(stall, placed, 220)
    await claim(stall, placed, photos=[sent])
    for name in (sent, unsent):
        path = age(photos, name)
        path.rename(path.with_name(f"{name}.going"))
    assert await photos.clear() == 1
    assert files(photos) == {sent}


async def test_where_no_photo_was_ever_sent_nothing_is_asked(
    photos: ClaimPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(_connection: Any) -> set[str]:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(claim_photos, "_claimed_photos", asked)
    assert await photos.clear() == 0
