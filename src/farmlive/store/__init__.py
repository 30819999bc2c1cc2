"""The database: one engine, two entry points (`write`, `read`) and the migrations.

Knows no room's tables; rooms define theirs on `metadata`.
"""

from farmlive.store.batch import after_commit, savepoint
from farmlive.store.deadlines import FILE_S
from farmlive.store.engine import drop_cache
from farmlive.store.failures import CommitFailed, CommitUnknown, NewerDatabase, NotRead
from farmlive.store.fast import Question, Tally, hot, tally
from farmlive.store.store import Store
from farmlive.store.subqueries import count_of, list_of
from farmlive.store.tables import Json, index_of_some, metadata

__all__ = [
    "FILE_S",
    "CommitFailed",
    "CommitUnknown",
    "Json",
    "NewerDatabase",
    "NotRead",
    "Question",
    "Store",
    "Tally",
    "after_commit",
    "count_of",
    "drop_cache",
    "hot",
    "index_of_some",
    "list_of",
    "metadata",
    "savepoint",
    "tally",
]
