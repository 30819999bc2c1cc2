"""The fast path of the statements that each order of a rush executes: its one interface.

Rooms mark statements with `hot`, defer updates in `tally(connection)`, and declare in a `Question`
what may be prefetched. The store gives its engines this path by `quick`, and runs batches on a
`HotConnection`. A statement without a mark takes SQLAlchemy's own path, in the same transaction and
in its order.

- compiled: a statement is compiled once; values and rows are converted here. It saves two thirds
  of an order's CPU on PostgreSQL and a fifth on SQLite. Private: `Engine._connection_cls`, and
  SQLCompiler's `bind_names`, `_result_columns` and prefetch lists.
- pipeline (PostgreSQL): statements wait and go there together. It saves half. Private: PGconn and
  PGresult of `psycopg.pq`, and `error_from_result`. With psycopg's own pipeline an order costs two
  fifths more.
- prefetch (PostgreSQL): the first queries of a batch's functions go together. It saves a third.
- deferred_updates: the changes of a row are added up and written once. They save two fifths on
  PostgreSQL and a twelfth on SQLite.
- connection: the SQLAlchemy connection that does all this.

`./scripts/bench fast` measures that; docs/store.md has the figures. A part that saves less than
5 % goes. SQLAlchemy and psycopg are pinned as long as private parts of them are used:
tests/store/test_private_surface.py says what to do before a pin moves.
"""

from farmlive.store.fast.compiled import hot
from farmlive.store.fast.connection import HotConnection, quick, tally
from farmlive.store.fast.deferred_updates import Mark, Miscounted, Tally
from farmlive.store.fast.pipeline import Earlier, Result
from farmlive.store.fast.prefetch import Question, independent_prefix

__all__ = [
    "Earlier",
    "HotConnection",
    "Mark",
    "Miscounted",
    "Question",
    "Result",
    "Tally",
    "hot",
    "independent_prefix",
    "quick",
    "tally",
]
