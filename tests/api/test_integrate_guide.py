"""docs/integrate.md: its programs do what it says, as they stand there."""

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.integrate_guide import BLOCKS, told

from farmlive.pages.review import FILE_TYPES
from farmlive.people.core.devices import COOKIE
from farmlive.review.readers import SHEETS
from farmlive.server import Server

KEY_HEADER = "Idempotency-Key"


async def ran(words: list[str], folder: Path, **more: str) -> str:
    """Run a program in a folder and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env={**os.environ, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return out.decode()


def environment(server: Server) -> dict[str, str]:
    """Where the commands find the server and its database."""
    settings = server.house.settings
    return {
        "SERVER": server.url,
        "FARMLIVE_DATA": str(settings.data),
        "FARMLIVE_DATABASE_URL": settings.database_url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def test_both_programs_are_short() -> None:
    for language in ("sh", "python"):
        lines = [line for line in BLOCKS[language].splitlines() if line.strip()]
        assert len(lines) <= 26, language


def operations(server: Server) -> Iterator[dict[str, Any]]:
    """The operations of the OpenAPI document."""
    for methods in server.house.api.openapi()["paths"].values():
        yield from methods.values()


def parameters(operation: dict[str, Any]) -> set[str]:
    """The names of an operation's parameters."""
    return {each["name"] for each in operation.get("parameters", ())}


@pytest.mark.any_database
def test_what_takes_a_key_is_listed(server: Server) -> None:
    keyed = {each["operationId"] for each in operations(server) if KEY_HEADER in parameters(each)}
    assert set(re.findall(r"`([a-z]+_[a-z_]+)`", told("Idempotency"))) == keyed


@pytest.mark.any_database
def test_the_sheets_and_their_forms_are_listed(server: Server) -> None:
    (sheet,) = (each for each in operations(server) if each["operationId"] == "reviews_get_sheet")
    values = {each["name"]: each["schema"].get("enum") for each in sheet["parameters"]}
    assert values["name"] == list(SHEETS)
    assert values["form"] == list(FILE_TYPES)
    assert {*SHEETS, *FILE_TYPES} <= set(re.findall(r"`([a-z-]+)`", told("Export")))


@pytest.mark.any_database
def test_what_belongs_to_the_device_names_its_cookie(server: Server) -> None:
    found = {
        each["operationId"]
        for each in operations(server)
        if {"api_key": [], "device": []} in each.get("security", ())
    }
    of_holds = {"holds_place", "holds_drop", "orders_place"}
    of_waits = {"waitlist_join", "waitlist_leave", "waitlist_list"}
    assert found == {*of_holds, *of_waits, "messages_create"}
    schemes = server.house.api.openapi()["components"]["securitySchemes"]
    assert schemes["device"]["name"] == COOKIE
    assert COOKIE in told("Devices")


@pytest.mark.any_database
async def test_a_hold_is_given_back_by_the_cookie_beside_a_key(
    server: Server, coordinator: str, tmp_path: Path
) -> None:
    program = tmp_path / "sale.py"
    program.write_text(BLOCKS["python"], "utf-8")
    await ran([sys.executable, str(program)], tmp_path, **environment(server), KEY=coordinator)
    bearer = {"Authorization": f"Bearer {coordinator}"}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=bearer) as buyer,
        httpx.AsyncClient(base_url=server.url, headers=bearer) as other,
    ):
        (show,) = (await buyer.get("/api/v1/broadcasts")).json()["broadcasts"]
        broadcast = f"/api/v1/broadcasts/{show['id']}"
        (offer,) = (await buyer.get(f"{broadcast}/offers")).json()["offers"]
        wanted = [{"offer": offer["id"], "quantity": 3, "price": 2990}]
        once = {KEY_HEADER: "a-key-of-this-test-01"}
        held = await buyer.post(f"{broadcast}/holds", json={"lines": wanted}, headers=once)
        assert held.status_code == 201, held.text

        async def still_held() -> int:
            (card,) = (await buyer.get(f"{broadcast}/offers")).json()["offers"]
            return int(card["held"])

        path = f"{broadcast}/holds/{held.json()['id']}"
        assert (await other.delete(path)).status_code == 204
        assert await still_held() == 3
        assert (await buyer.delete(path)).status_code == 204
        assert await still_held() == 0


@pytest.mark.parametrize("language", ["sh", "python"])
async def test_a_sale_goes_from_key_to_export(
    server: Server, coordinator: str, tmp_path: Path, language: str
) -> None:
    program = tmp_path / f"sale.{language}"
    program.write_text(BLOCKS[language], "utf-8")
    if language == "sh":
        words = ["bash", "-euo", "pipefail", str(program)]
    else:
        words = [sys.executable, str(program)]
    out = await ran(words, tmp_path, **environment(server), KEY=coordinator)
    state, payment, _names, order = out.split("\n")[:4]
    assert (state, payment) == ("live", "paid")
    assert order.startswith("A0001,")
    assert ",59.80," in order
