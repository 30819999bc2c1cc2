"""Previews: a source, on air or not, as the crew sees it.

A preview is a second output of the source, which exists while a crew member watches. media/ports.py
authorizes them; relay.py owns their sessions.
"""

from farmlive.media.broadcasts import Source
from farmlive.media.engine.interface import Engine, Output
from farmlive.media.signalling.session import Session


class Previews:
    """Adds and removes the outputs. Sessions of a preview do not count as viewers of the
    broadcast.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, source: Source) -> Output:
        """Return the source's preview output, added for its first session.

        `remove_session` removes it.
        """
        if source.preview is None:
            source.preview = self._engine.add_output()
            self.show(source)
        return source.preview

    def show(self, source: Source) -> None:
        """Follow the source's session, which may be a new one."""
        if source.preview is not None and source.session is not None:
            self._engine.put_on_air(source.preview, source.session.peer)

    def remove_session(self, source: Source, session: Session | None = None) -> None:
        """Remove a session of a preview; the last one removes the output."""
        if session is not None:
            source.watchers.discard(session)
        if source.preview is not None and not source.watchers:
            self._engine.remove_output(source.preview)
            source.preview = None
