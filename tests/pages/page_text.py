"""The text of a page."""

import re
from html import unescape

import httpx


def words(page: httpx.Response) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<script.*?</script>", "", page.text, flags=re.S)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))
