"""The demo county: its film, its people, its shop window, and the selftest that tries it all."""


class DemoError(Exception):
    """The demo can't go on; the text says what happened and what to do."""
