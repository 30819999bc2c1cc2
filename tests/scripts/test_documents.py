"""The documents' index, links and pictures hold together, and what does not is named."""

from pathlib import Path

import pytest
from scripts import documents


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of documents in which nothing is wrong."""
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    (tmp_path / "docs" / "pictures" / "live.webp").write_bytes(b"a picture")
    (tmp_path / "README.md").write_text("[the index](docs/README.md#you-host-a-broadcast)\n")
    (tmp_path / "docs" / "README.md").write_text("# You host a broadcast\n\n[host](host.md)\n")
    (tmp_path / "docs" / "host.md").write_text(
        "# The guide: `farmlive serve`\n\n![Live](pictures/live.webp)\n"
        "[the guide](#the-guide-farmlive-serve) [GS1](https://gs1.org/none.md) `[no](link.md)`\n"
    )
    return tmp_path


def test_nothing_is_wrong_with_these(root: Path) -> None:
    assert documents.differences(root) == []


def test_a_link_to_no_file_is_named(root: Path) -> None:
    (root / "docs" / "host.md").write_text("![Live](pictures/live.webp) [all](settings.md)\n")
    assert documents.differences(root) == ["docs/host.md links to settings.md, which is not there"]


def test_a_link_out_of_the_repository_is_named(root: Path) -> None:
    (root.parent / "notes.md").write_text("# Notes\n")
    (root / "README.md").write_text("[the notes](../notes.md)\n")
    assert documents.differences(root) == [
        "README.md links to ../notes.md, which is outside of the repository"
    ]


def test_a_link_to_no_heading_is_named(root: Path) -> None:
    (root / "README.md").write_text("[the guide](docs/host.md#backup)\n")
    assert documents.differences(root) == [
        "README.md links to docs/host.md#backup, which has no such heading"
    ]


def test_a_picture_by_html_is_a_link_too(root: Path) -> None:
    text = '![Live](pictures/live.webp) <img src="pictures/none.webp" width="220" alt="none">\n'
    (root / "docs" / "host.md").write_text(text)
    assert documents.differences(root) == [
        "docs/host.md links to pictures/none.webp, which is not there"
    ]


def test_a_document_that_the_index_leaves_out_is_named(root: Path) -> None:
    (root / "docs" / "decisions").mkdir()
    (root / "docs" / "decisions" / "0001-one-log.md").write_text("# One log\n")
    (root / "SECURITY.md").write_text("# Security\n")
    assert documents.differences(root) == [
        "docs/README.md does not link to SECURITY.md",
        "docs/README.md does not link to docs/decisions/0001-one-log.md",
    ]


def test_a_picture_that_no_document_shows_is_named(root: Path) -> None:
    (root / "docs" / "pictures" / "old.webp").write_bytes(b"a picture")
    (found,) = documents.differences(root)
    assert found.startswith("no document shows docs/pictures/old.webp")


def test_a_picture_of_another_format_is_named(root: Path) -> None:
    (root / "docs" / "pictures" / "live.png").write_bytes(b"a picture")
    (root / "README.md").write_text("![Live](docs/pictures/live.png)\n")
    assert documents.differences(root) == ["docs/pictures/live.png is neither WebP nor SVG"]


def test_pictures_that_are_too_large_together_are_named(root: Path) -> None:
    picture = root / "docs" / "pictures" / "live.webp"
    picture.write_bytes(bytes(documents.MOST_PICTURE_BYTES))
    assert documents.differences(root) == []
    picture.write_bytes(bytes(documents.MOST_PICTURE_BYTES + 1))
    (found,) = documents.differences(root)
    assert found.startswith("docs/pictures has 3,000,001 bytes")


def test_anchors_are_those_that_github_makes() -> None:
    text = "# When it *stops*\n```\n# a comment\n```\n## The till: `bench`, 5 %\n"
    text += "## Words\n## Words\n"
    assert documents.anchors(text) == {
        "when-it-stops",
        "the-till-bench-5-",
        "words",
        "words-1",
    }


def test_a_label_that_no_page_has_is_named(root: Path) -> None:
    catalogue = root / "web" / "locale" / "zh" / "LC_MESSAGES" / "studio.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(
        'msgid "Put right…"\nmsgstr "改正…"\n\n#, python-format\nmsgid ""\n'
        '"Lot %(code)s is "\n"stopped."\nmsgstr "批次 %(code)s 已停售。"\n'
    )
    picture = "![Live](pictures/live.webp)"
    guide = root / "docs" / "host.md"
    guide.write_text(f"{picture} *put right…*, **bold**, *Lot … is stopped*, `*code*`\n")
    assert documents.differences(root) == []
    guide.write_text(f"{picture} *Lot … is\nstopped*, *Wait no more*\n")
    assert documents.differences(root) == ["docs/host.md names *Wait no more*, which no page says"]
