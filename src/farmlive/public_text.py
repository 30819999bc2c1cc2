"""Public free text: it must contain no telephone number and no e-mail address.

This is the one check for texts that staff and growers write: titles, names, stories, reasons,
results, destinations. It applies to requests, never to responses, so that older texts stay
readable. Texts between one buyer and staff are not public.
"""

from typing import Annotated

from pydantic import AfterValidator

from farmlive.bilingual import Bilingual
from farmlive.contact_detection import contact_in
from farmlive.problems import WrongValue

REFUSED = {
    "phone": "Others can read this: remove the phone number. A pick-up point's number has its "
    "own field.",
    "email": "Others can read this: remove the e-mail address.",
}


def without_contacts(text: str | Bilingual) -> str | Bilingual:
    """Return the text unchanged. Raises WrongValue if it has a number or an e-mail address."""
    parts = (text.zh, text.en) if isinstance(text, Bilingual) else (text,)
    for part in parts:
        found = contact_in(part)
        if found is not None:
            raise WrongValue(f"contains-{found}", REFUSED[found])
    return text


# Validators for fields of requests.
Public = AfterValidator(without_contacts)
PublicBilingual = Annotated[Bilingual, Public]
