"""An error of a field has a code, by which a page says it in its reader's language."""

from typing import Any

import pytest
from pydantic import ValidationError

from farmlive.origin.core.models import NewFarm
from farmlive.problems import Invalid

FARM: dict[str, Any] = {"name": {"zh": "果园"}, "place": {"zh": "尤溪"}}


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"name": {}}, "name", "text-missing"),
        ({"name": {"zh": "打 13800001111"}}, "name", "contains-phone"),
        ({"latitude": 26.1}, "", "half-coordinates"),
        ({"gs1_prefix": "12"}, "gs1_prefix", "gs1-prefix"),
        ({"latitude": "north", "longitude": 1}, "latitude", "float-parsing"),
        ({"nobody": 1}, "nobody", "extra-forbidden"),
    ],
)
def test_an_error_has_a_code(wrong: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewFarm.model_validate({**FARM, **wrong})
    problem = Invalid.of(refused.value.errors())
    [error] = problem.members["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert error["message"][0].isupper()
