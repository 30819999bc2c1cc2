"""Previews: what the crew sees of a source, on air or not: a second output of the source, there
while someone looks. Who may look is the gate's part, whose session it is the relay's.
"""

from farmlive.media.broadcasts import Source
from farmlive.media.engine.interface import Engine, Output
from farmlive.media.signalling.session import Session


class Previews:
    """Makes and frees the outputs. Those who look at one are none of the broadcast's viewers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, source: Source) -> Output:
        """The source's output, made for the first who looks; `left` frees it."""
        if source.preview is None:
            source.preview = self._engine.add_output()
            self.show(source)
        return source.preview

    def show(self, source: Source) -> None:
        """Follow the source's session, which may be a new one."""
        if source.preview is not None and source.session is not None:
            self._engine.put_on_air(source.preview, source.session.peer)

    def left(self, source: Source, session: Session | None = None) -> None:
        """This one looks no more; without anyone the output goes."""
        if session is not None:
            source.watchers.discard(session)
        if source.preview is not None and not source.watchers:
            self._engine.remove_output(source.preview)
            source.preview = None
