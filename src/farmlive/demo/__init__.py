"""The demo county: its films, its simulated people, its shop, and the selftest."""


class DemoError(Exception):
    """The demo can't continue; the text is what happened and what to do."""
