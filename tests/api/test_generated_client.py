"""A client that a kept generator makes from the OpenAPI document sells."""

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest
from tests.support import openapi_tools
from tests.support.build_once import once
from tests.support.integrate_guide import BLOCKS

from farmlive.ids import token
from farmlive.server import Server

pytestmark = pytest.mark.any_database

NAME = "farmlive_generated"
WORDS = {"zh": "金桔", "en": "Kumquats"}


def generate(folder: Path, document: str) -> None:
    """Make the client of an OpenAPI document, a package in this folder."""
    folder.mkdir()
    (folder / "openapi.json").write_text(document, "utf-8")
    (folder / "config.json").write_text(BLOCKS["json"], "utf-8")
    done = openapi_tools.run(
        "openapi_python_client",
        "generate",
        "--meta=none",
        f"--path={folder / 'openapi.json'}",
        f"--config={folder / 'config.json'}",
        f"--output-path={folder / NAME}",
        "--fail-on-warning",
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def generated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package of the client, which is made once a document."""
    document = json.dumps(server.house.api.openapi())
    name = f"client-{hashlib.sha256(document.encode()).hexdigest()[:12]}"
    folder = once(tmp_path_factory, name, lambda path: generate(path, document))
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(NAME)
    finally:
        sys.path.remove(str(folder))
        for module in [name for name in sys.modules if name.partition(".")[0] == NAME]:
            del sys.modules[module]


class Client:
    """Calls operations by their ids, with bodies as plain JSON, until it is closed."""

    def __init__(self, package: ModuleType, url: str, key: str):
        self._models: Any = importlib.import_module(f"{NAME}.models")
        self._client = package.AuthenticatedClient(base_url=url, token=key)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    def body(self, model: str, **members: Any) -> Any:
        return getattr(self._models, model).from_dict(members)

    async def call(self, operation: str, *path: str, **more: Any) -> Any:
        """Call it and return the model of its answer; a problem of any kind fails the test."""
        tag = next(
            tag
            for tag in ("api_keys", "broadcasts", "farms", "lots", "offers", "orders", "reviews")
            if operation.startswith(f"{tag}_")
        )
        module: Any = importlib.import_module(f"{NAME}.api.{tag}.{operation}")
        answer = await module.asyncio_detailed(*path, client=self._client, **more)
        assert answer.status_code < 300, answer.content
        return answer.parsed


async def test_a_sale_goes_from_key_to_export(
    server: Server, coordinator: str, generated: ModuleType
) -> None:
    async with Client(generated, server.url, coordinator) as first:
        made = await first.call(
            "api_keys_create", body=first.body("NewApiKey", label="county", role="coordinator")
        )
    async with Client(generated, server.url, made.key) as client:
        farm = await client.call(
            "farms_create", body=client.body("NewFarm", name=WORDS, place=WORDS)
        )
        lot = await client.call(
            "lots_create",
            body=client.body(
                "NewLot",
                farm=farm.id,
                product_name=WORDS,
                harvested_at="2026-11-25T00:00:00Z",
                quantity_g=500_000,
                inspection={"at": "2026-11-25T06:00:00Z", "result": WORDS, "passed": True},
            ),
        )
        broadcast = await client.call(
            "broadcasts_create", body=client.body("NewBroadcast", title=WORDS)
        )
        offer = await client.call(
            "offers_create",
            broadcast.id,
            body=client.body(
                "NewOffer",
                name=WORDS,
                unit=WORDS,
                net_weight_g=2500,
                lot=lot.id,
                price={"amount": 2990, "currency": "CNY"},
                released=100,
            ),
        )
        started = await client.call("broadcasts_start", broadcast.id)
        assert started.state == "live"
        order = await client.call(
            "orders_place",
            broadcast.id,
            idempotency_key=token(),
            body=client.body(
                "NewOrder",
                lines=[{"offer": offer.id, "quantity": 2, "price": 2990}],
                buyer={"name": "王芳", "phone": "13800000000"},
                delivery={"way": "parcel", "address": "溪口村"},
                payment="cash_on_delivery",
            ),
        )
        assert (order.total.amount, order.total.currency) == (5980, "CNY")
        paid = await client.call(
            "orders_pay",
            broadcast.id,
            order.id,
            body=client.body("NewPayment"),
        )
        assert paid.payment == "paid"
        sheet = await client.call("reviews_get_sheet", broadcast.id, "orders", "csv")
        assert ",59.80," in sheet


async def test_a_refusal_is_read_as_a_problem(
    server: Server, coordinator: str, generated: ModuleType
) -> None:
    module: Any = importlib.import_module(f"{NAME}.api.broadcasts.broadcasts_get")
    async with generated.AuthenticatedClient(base_url=server.url, token=coordinator) as client:
        problem = await module.asyncio("01ARZ3NDEKTSV4RRFFQ69G5FAV", client=client)
    assert (problem.type_, problem.status) == ("/problems/unknown-broadcast", 404)
    assert problem.detail
