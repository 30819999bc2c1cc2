"""What a text may hold that others read: no telephone number and no e-mail address.

The one place that decides it, for what staff and growers write freely: titles, names, stories,
reasons, results, destinations. Texts from before stay readable: it is asked of what is sent, never
of what is shown. What only one buyer and staff write to each other is no such text.
"""

from typing import Annotated

from pydantic import AfterValidator

from farmlive.bilingual import Bilingual
from farmlive.contacts import contact_in

REFUSED = {
    "phone": "Others read this: take the telephone number out. A pick-up point's own number has a "
    "field of its own.",
    "email": "Others read this: take the e-mail address out.",
}


def without_contacts(text: str | Bilingual) -> str | Bilingual:
    """The text as it is. Raises ValueError where a number or an address stands in it."""
    parts = (text.zh, text.en) if isinstance(text, Bilingual) else (text,)
    for part in parts:
        found = contact_in(part)
        if found is not None:
            raise ValueError(REFUSED[found])
    return text


# For fields of what is sent.
Public = AfterValidator(without_contacts)
PublicBilingual = Annotated[Bilingual, Public]
