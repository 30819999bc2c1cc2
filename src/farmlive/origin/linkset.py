"""A lot's links, and the choice of the link that a request asks for. Pure.

It follows the GS1-Conformant Resolver Standard 1.2 (sections 2.5, 2.6, 2.10); link sets are those
of RFC 9264, header fields those of RFC 8288.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from farmlive.bilingual import Bilingual
from farmlive.origin.core import epcis
from farmlive.origin.core.problems import NoSuchLink
from farmlive.origin.story.models import Story

VOCABULARY = "https://ref.gs1.org/voc/"
MEDIA_TYPE = "application/linkset+json"
CONTEXT = "https://ref.gs1.org/standards/resolver/linkset-context"
# Prefixes of the vocabulary that may precede the name of a link type.
NAMESPACES = (VOCABULARY, "https://gs1.org/voc/", "https://www.gs1.org/voc/", "gs1:")
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Link:
    """A link of a lot: its type's name in the vocabulary, its path and its title."""

    type: str
    path: str
    title: Bilingual
    media_type: str
    languages: tuple[str, ...] = ()


def links_of(story: Story) -> list[Link]:
    """Return the links of a lot, the default first. Each type but `traceability` occurs once."""
    lot, farm = story.lot, story.farm
    name = _with(lot.product_name, lot.code)
    page, records = "text/html", epcis.MEDIA_TYPE
    found = [
        Link("pip", lot.url, name, page, LANGUAGES),
        Link("traceability", lot.url, name, page, LANGUAGES),
        Link("traceability", story.events_url, _TRACE, records),
        Link("epcis", story.events_url, _TRACE, records),
        Link("masterData", f"/api/v1/lots/{lot.id}", name, "application/json"),
        Link("locationInfo", f"/origin/farm/{farm.id}", farm.name, page, LANGUAGES),
    ]
    if lot.certificate is not None:
        kind = "application/pdf" if lot.certificate.endswith(".pdf") else "image/webp"
        found.append(Link("certificationInfo", lot.certificate, _CERTIFICATE, kind))
    if story.moments:
        where = f"/live/{story.moments[-1].broadcast}"
        found.append(Link("hasRetailers", where, _WHERE_SOLD, page, LANGUAGES))
    return found


def is_linkset(link_type: str | None, accept: str) -> bool:
    """Return whether the request asks for the whole set rather than for one link."""
    if link_type is not None:
        return link_type in ("linkset", "all")
    return preferred(accept, _OFFERS) in (MEDIA_TYPE, "application/json")


def chosen(links: Sequence[Link], link_type: str | None, accept: str) -> Link:
    """Return the link to redirect to: of the requested type, or the default.

    Among several links of a type the Accept header decides. Raises NoSuchLink.
    """
    if link_type is None:
        records = preferred(accept, _OFFERS) == epcis.MEDIA_TYPE
        return next(link for link in links if link.type == ("epcis" if records else "pip"))
    name = next((link_type.removeprefix(n) for n in NAMESPACES if link_type.startswith(n)), "")
    if name in ("defaultLink", "defaultLinkMulti"):
        return chosen(links, None, accept if name == "defaultLinkMulti" else "")
    fitting = [link for link in links if link.type == name]
    if not fitting:
        raise NoSuchLink(
            "This lot has no link of that type. Ask with linkType=linkset for those that it has.",
            link_types=sorted({f"gs1:{link.type}" for link in links}),
        )
    best = preferred(accept, tuple(link.media_type for link in fitting))
    return next((link for link in fitting if link.media_type == best), fitting[0])


def document(base: str, anchor: str, links: Sequence[Link]) -> dict[str, Any]:
    """Return the link set as JSON (RFC 9264, section 4.2); `anchor` is the identifier's path."""
    default, records = links[0], next(link for link in links if link.type == "epcis")
    context: dict[str, Any] = {
        "anchor": base + anchor,
        "description": _title(default.title),
        # The default link has only a title; the standard puts the rest under other types.
        f"{VOCABULARY}defaultLink": [{"href": base + default.path, "title": _title(default.title)}],
        f"{VOCABULARY}defaultLinkMulti": [_target(base, default), _target(base, records)],
    }
    for link in links:
        context.setdefault(VOCABULARY + link.type, []).append(_target(base, link))
    return {"linkset": [context]}


def header(base: str, anchor: str, links: Sequence[Link]) -> str:
    """Return the same links as a Link header, with the URL of the set itself."""
    fields = [f'<{base}{anchor}?linkType=linkset>; rel="linkset"; type="{MEDIA_TYPE}"']
    for link in links:
        languages = "".join(f'; hreflang="{language}"' for language in link.languages)
        fields.append(
            f'<{base}{link.path}>; rel="{VOCABULARY}{link.type}"; type="{link.media_type}"'
            f"{languages}"
        )
    return ", ".join(fields)


def description(base: str) -> dict[str, Any]:
    """Return the resolver's description, for /.well-known/gs1resolver."""
    return {
        "name": "farmlive",
        "resolverRoot": base,
        "supportedPrimaryKeys": ["01"],
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "linkTypeDefaultCanBeLinkset": False,
        "jsonLdContextLocation": CONTEXT,
    }


def preferred(accept: str, offers: Sequence[str]) -> str | None:
    """Return the media type that an Accept header prefers, the earlier one of equals.

    Return None if it accepts none of them. RFC 9110, section 12.5.1; a missing header means `*/*`.
    """
    ranges = [_range(part) for part in (accept or "*/*").split(",")]

    def quality(offer: str) -> float:
        kind = offer.split("/")[0]
        for name in (offer, f"{kind}/*", "*/*"):
            for range_, q in ranges:
                if range_ == name:
                    return q
        return 0.0

    best = max(offers, key=quality, default=None)
    return best if best is not None and quality(best) > 0 else None


def _range(part: str) -> tuple[str, float]:
    name, *parameters = part.split(";")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return name.strip().lower(), float(value)
            except ValueError:
                return name.strip().lower(), 0.0
    return name.strip().lower(), 1.0


_OFFERS: tuple[Literal["text/html"], str, str, str] = (
    "text/html",
    epcis.MEDIA_TYPE,
    MEDIA_TYPE,
    "application/json",
)
_TRACE = Bilingual(zh="完整记录（EPCIS 2.0）", en="The records in full (EPCIS 2.0)")
_CERTIFICATE = Bilingual(zh="检测合格证明", en="Certificate of its test")
_WHERE_SOLD = Bilingual(zh="展示并出售这批产品的直播", en="The broadcast that showed and sold it")


def _with(name: Bilingual, code: str) -> Bilingual:
    return Bilingual(
        zh=f"{name.zh} {code}" if name.zh else "", en=f"{name.en} {code}" if name.en else ""
    )


def _title(words: Bilingual) -> str:
    return " · ".join(dict.fromkeys(text for text in (words.zh, words.en) if text))


def _target(base: str, link: Link) -> dict[str, Any]:
    both = (("zh", link.title.zh), ("en", link.title.en))
    target: dict[str, Any] = {
        "href": base + link.path,
        "title": _title(link.title),
        "title*": [{"value": text, "language": language} for language, text in both if text],
        "type": link.media_type,
    }
    if link.languages:
        target["hreflang"] = list(link.languages)
    return target
