"""What pages send."""

from typing import Any

from playwright.async_api import Request


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries."""
    body = request.post_data_json
    assert isinstance(body, dict)
    return body
