"""The fast path of the statements that each order of a rush executes: its one interface.

Rooms mark statements with `hot`, defer updates in `tally(connection)`, and declare in a `Question`
what may be prefetched; the store gives its engines this path by `quick` and runs batches on
`HotConnection`. Without a mark a statement takes SQLAlchemy's own path, in the same order and the
same transaction. docs/store.md has what each part gains.

| module | what it does | which private surface it stands on |
|---|---|---|
| compiled | compiles a statement once; encodes values and makes rows by itself | SQLAlchemy's |
| pipeline | sends waiting statements to PostgreSQL together | `psycopg.pq`, `error_from_result` |
| prefetch | sends the first queries of a batch's functions together | none |
| deferred_updates | adds up the changes of a row and writes it once | none |
| connection | a SQLAlchemy connection that does all that | `Engine._connection_cls` |

SQLAlchemy and psycopg are pinned as long as that is so; tests/store/test_private_surface.py says
what to do before the pins are moved. Nothing outside imports the modules beneath this one.
"""

from farmlive.store.fast.compiled import hot
from farmlive.store.fast.connection import HotConnection, quick, tally
from farmlive.store.fast.deferred_updates import Mark, Miscounted, Tally
from farmlive.store.fast.pipeline import Earlier, Result
from farmlive.store.fast.prefetch import Question, together

__all__ = [
    "Earlier",
    "HotConnection",
    "Mark",
    "Miscounted",
    "Question",
    "Result",
    "Tally",
    "hot",
    "quick",
    "tally",
    "together",
]
