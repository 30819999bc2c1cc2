"""EPCIS 2.0 in JSON-LD: writes a lot's harvest, tests, packing, shipping and waste as events, and
reads them. Pure.

The standard vocabulary has no harvesting: a harvest is an ObjectEvent ADD, `commissioning`, with
its facts in ILMD (EPCIS 2.0 section 7.3.6; CBV 2.0 section 7.1). Waste is an ObjectEvent DELETE,
`destroying`, which reduces a class's quantity. Wrong events stay: an error declaration with the
same eventID names the right one. Terms that CBV lacks have the prefix `farmlive:`. A lot keeps the
URI that it had when it was recorded, whatever the server's URL becomes: identifiers are compared by
their path (see `gs1.segments`).
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms, rfc3339
from farmlive.origin.core.models import Inspection, NewPacking, NewShipping, PlotName, Work

MEDIA_TYPE = "application/ld+json"
CONTEXT = [
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    {"farmlive": "urn:x-farmlive:trace:"},
]
STEPS = {
    "commissioning": "picked",
    "inspecting": "tested",
    "packing": "packed",
    "shipping": "shipped",
    "destroying": "wasted",
}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """The lot of its events: class URI, code, place and time zone."""

    class_uri: str
    code: str
    place: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """The facts of a harvest: time, quantity, product and plot.

    `sprayed` is the earlier spraying with the waiting period that ended last; `overridden` is the
    reason to pick within that period, `plausibility_reason` the reason to believe the quantity.
    """

    at: int
    quantity_g: int
    product: Bilingual
    plot: PlotName | None = None
    sprayed: Work | None = None
    overridden: str | None = None
    plausibility_reason: str | None = None


def commissioning(subject: Subject, harvest: Harvest) -> Document:
    """Return the harvest event: it creates the lot with its weight and its facts."""
    when = rfc3339(harvest.at)
    ilmd: Document = {
        "cbvmda:lotNumber": subject.code,
        "cbvmda:harvestStartDate": when,
        "cbvmda:harvestEndDate": when,
        "farmlive:product": _tagged(harvest.product),
    }
    if harvest.plot is not None:
        ilmd["farmlive:plot"] = harvest.plot.id
        ilmd["farmlive:plotName"] = _tagged(harvest.plot.name)
    ilmd |= _spraying(harvest.sprayed)
    if harvest.overridden is not None:
        ilmd["farmlive:waitingPeriodOverridden"] = harvest.overridden
    if harvest.plausibility_reason is not None:
        ilmd["farmlive:plausibilityReason"] = harvest.plausibility_reason
    return {
        **_event(subject, harvest.at, "ADD", "commissioning", "active"),
        "quantityList": [_kilograms(subject.class_uri, harvest.quantity_g)],
        "ilmd": ilmd,
    }


def inspecting(subject: Subject, inspection: Inspection, certificate: str | None) -> Document:
    """Return the event of a test, with its finding as written and its certificate's absolute
    URL.
    """
    disposition = "conformant" if inspection.passed else "non_conformant"
    event = {
        **_event(subject, inspection.at, "OBSERVE", "inspecting", disposition),
        "quantityList": [{"epcClass": subject.class_uri}],
        "farmlive:inspection": inspection.id,
        "farmlive:result": _tagged(inspection.result),
    }
    if inspection.laboratory is not None:
        event["farmlive:laboratory"] = inspection.laboratory
    if certificate is not None:
        event["certificationInfo"] = certificate
    return event


def packing(subject: Subject, packed: NewPacking) -> Document:
    """Return the event of packing the lot."""
    event = {
        **_event(subject, packed.at, "OBSERVE", "packing", "in_progress"),
        "quantityList": [{"epcClass": subject.class_uri}],
    }
    if packed.boxes is not None:
        event["farmlive:boxes"] = packed.boxes
    return event


def shipping(subject: Subject, shipped: NewShipping) -> Document:
    """Return the event of shipping the lot."""
    event = {
        **_event(subject, shipped.at, "OBSERVE", "shipping", "in_transit"),
        "quantityList": [{"epcClass": subject.class_uri}],
    }
    if shipped.to is not None:
        event["farmlive:to"] = _tagged(shipped.to)
    return event


def destroying(subject: Subject, at: int, weight_g: int, reason: str) -> Document:
    """Return the event of waste: part of the lot was thrown away."""
    return {
        **_event(subject, at, "DELETE", "destroying", "destroyed"),
        "quantityList": [_kilograms(subject.class_uri, weight_g)],
        "farmlive:reason": reason,
    }


def put_right(wrong: Document, quantity_g: int, plausibility_reason: str | None = None) -> Document:
    """Return the harvest event with the right weight, and an eventID of its own."""
    (quantity,) = wrong["quantityList"]
    right = _anew(wrong) | {"quantityList": [_kilograms(quantity["epcClass"], quantity_g)]}
    if plausibility_reason is not None:
        right["ilmd"] = {**wrong["ilmd"], "farmlive:plausibilityReason": plausibility_reason}
    return right


def sprayed_at(harvest: Document) -> str | None:
    """Return the time of the spraying that the harvest event names, RFC 3339, or None."""
    at: str | None = harvest.get("ilmd", {}).get("farmlive:sprayed")
    return at


def sprayed_otherwise(wrong: Document, sprayed: Work | None) -> Document:
    """Return the harvest event with the right spraying, and an eventID of its own."""
    named = ("farmlive:sprayed", "farmlive:waitingPeriodEnd")
    kept = {name: fact for name, fact in wrong["ilmd"].items() if name not in named}
    return _anew(wrong) | {"ilmd": kept | _spraying(sprayed)}


def _spraying(sprayed: Work | None) -> Document:
    if sprayed is None:
        return {}
    told = {"farmlive:sprayed": rfc3339(sprayed.at)}
    if sprayed.until is not None:
        told["farmlive:waitingPeriodEnd"] = rfc3339(sprayed.until)
    return told


def _anew(wrong: Document) -> Document:
    return {**wrong, "eventID": _event_id(), "recordTime": rfc3339(now_ms())}


def in_error(wrong: Document, reason: str, right: Document | None = None) -> Document:
    """Return the error declaration of an event: it is replaced by `right`, or it did not happen."""
    now = rfc3339(now_ms())
    declaration: Document = {
        "declarationTime": now,
        "reason": "incorrect_data" if right else "did_not_occur",
        "farmlive:reason": reason,
    }
    if right is not None:
        declaration["correctiveEventIDs"] = [right["eventID"]]
    return {**wrong, "recordTime": now, "errorDeclaration": declaration}


def grams_of(event: Mapping[str, Any]) -> int:
    """Return the quantity of the event, in grams."""
    kilograms: float = event["quantityList"][0]["quantity"]
    return round(kilograms * 1000)


def query_document(events: Iterable[Document]) -> Document:
    """Return an EPCISQueryDocument with the events that a query found."""
    return {
        "@context": CONTEXT,
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": rfc3339(now_ms()),
        "epcisBody": {
            "queryResults": {
                "queryName": "SimpleEventQuery",
                "resultsBody": {"eventList": list(events)},
            }
        },
    }


def words_of(event: Mapping[str, Any], name: str) -> Bilingual | None:
    """Return a text of the event in its languages, or None."""
    if name not in event:
        return None
    return Bilingual(**{value["@language"]: value["@value"] for value in event[name]})


def _event(subject: Subject, at: int, action: str, step: str, disposition: str) -> Document:
    return {
        "eventID": _event_id(),
        "type": "ObjectEvent",
        "action": action,
        "bizStep": step,
        "disposition": disposition,
        "eventTime": rfc3339(at),
        "recordTime": rfc3339(now_ms()),
        "eventTimeZoneOffset": _offset(at, subject.time_zone),
        "readPoint": {"id": subject.place},
        "bizLocation": {"id": subject.place},
    }


def _event_id() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def _kilograms(class_uri: str, grams: int) -> Document:
    quantity = grams / 1000
    return {
        "epcClass": class_uri,
        "quantity": int(quantity) if quantity.is_integer() else quantity,
        "uom": "KGM",
    }


def _offset(at: int, time_zone: str) -> str:
    text = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(time_zone)).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def _tagged(words: Bilingual) -> list[dict[str, str]]:
    both = (("zh", words.zh), ("en", words.en))
    return [{"@language": language, "@value": text} for language, text in both if text]
