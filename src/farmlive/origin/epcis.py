"""EPCIS 2.0 in JSON-LD: a lot's harvest, test and packing as events, and the way back. Pure.

The standard vocabulary has no harvesting: a harvest is an ObjectEvent ADD, `commissioning`, with
its facts in ILMD (EPCIS 2.0 section 7.3.6; CBV 2.0 section 7.1). What CBV has no word for stands
under `farmlive:`.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms, parse_rfc3339, rfc3339
from farmlive.origin.models import Inspection

MEDIA_TYPE = "application/ld+json"
CONTEXT = [
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    {"farmlive": "urn:x-farmlive:trace:"},
]
STEPS = {"commissioning": "picked", "inspecting": "tested", "packing": "packed"}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What the events of a lot are about: its class URI, its code, its place, its time zone."""

    class_uri: str
    code: str
    place: str
    time_zone: str


def commissioning(
    subject: Subject, at: int, quantity_g: int, product: Bilingual, plot: str | None
) -> Document:
    """The harvest: the lot comes into being with its kilograms and its facts."""
    when = rfc3339(at)
    ilmd: Document = {
        "cbvmda:lotNumber": subject.code,
        "cbvmda:harvestStartDate": when,
        "cbvmda:harvestEndDate": when,
        "farmlive:product": _tagged(product),
    }
    if plot is not None:
        ilmd["farmlive:plot"] = plot
    quantity = quantity_g / 1000
    return {
        **_event(subject, at, "ADD", "commissioning", "active"),
        "quantityList": [
            {
                "epcClass": subject.class_uri,
                "quantity": int(quantity) if quantity.is_integer() else quantity,
                "uom": "KGM",
            }
        ],
        "ilmd": ilmd,
    }


def inspecting(subject: Subject, inspection: Inspection) -> Document:
    """A test of the lot, with its finding as it was written."""
    event = {
        **_event(subject, inspection.at, "OBSERVE", "inspecting", None),
        "quantityList": [{"epcClass": subject.class_uri}],
        "farmlive:result": _tagged(inspection.result),
    }
    if inspection.laboratory is not None:
        event["farmlive:laboratory"] = inspection.laboratory
    return event


def packing(subject: Subject, at: int) -> Document:
    """The lot is packed into boxes."""
    return {
        **_event(subject, at, "OBSERVE", "packing", "in_progress"),
        "quantityList": [{"epcClass": subject.class_uri}],
    }


def document(events: Iterable[Document]) -> Document:
    """An EPCISDocument of the events."""
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": rfc3339(now_ms()),
        "epcisBody": {"eventList": list(events)},
    }


def plot_of(event: Mapping[str, Any]) -> str | None:
    """The plot that a harvest names."""
    plot: str | None = event.get("ilmd", {}).get("farmlive:plot")
    return plot


def inspection_of(event: Mapping[str, Any]) -> Inspection:
    """The test that an `inspecting` event tells of."""
    words = {value["@language"]: value["@value"] for value in event["farmlive:result"]}
    return Inspection(
        at=parse_rfc3339(event["eventTime"]),
        result=Bilingual(**words),
        laboratory=event.get("farmlive:laboratory"),
    )


def _event(subject: Subject, at: int, action: str, step: str, disposition: str | None) -> Document:
    event: Document = {
        "eventID": f"urn:uuid:{uuid.uuid4()}",
        "type": "ObjectEvent",
        "action": action,
        "bizStep": step,
        "eventTime": rfc3339(at),
        "recordTime": rfc3339(now_ms()),
        "eventTimeZoneOffset": _offset(at, subject.time_zone),
        "readPoint": {"id": subject.place},
        "bizLocation": {"id": subject.place},
    }
    if disposition is not None:
        event["disposition"] = disposition
    return event


def _offset(at: int, time_zone: str) -> str:
    text = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(time_zone)).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def _tagged(words: Bilingual) -> list[dict[str, str]]:
    both = (("zh", words.zh), ("en", words.en))
    return [{"@language": language, "@value": text} for language, text in both if text]
