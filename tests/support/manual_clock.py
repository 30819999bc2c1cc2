"""A monotonic clock that a test moves."""


class Clock:
    """In the place of `time.monotonic`: seconds, at 1000 to begin with."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
