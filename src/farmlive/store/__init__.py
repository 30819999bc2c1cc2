"""The database: one engine, two doors (`write`, `read`) and the migrations. Knows no room's tables;
rooms define theirs on `metadata`.
"""

from farmlive.store.ahead import Question
from farmlive.store.batch import after_commit, apart
from farmlive.store.connection import tally
from farmlive.store.doors import CommitFailed, CommitUnknown, NewerDatabase, NotRead, Store
from farmlive.store.hot import hot
from farmlive.store.tables import Json, metadata
from farmlive.store.tally import Tally

__all__ = [
    "CommitFailed",
    "CommitUnknown",
    "Json",
    "NewerDatabase",
    "NotRead",
    "Question",
    "Store",
    "Tally",
    "after_commit",
    "apart",
    "hot",
    "metadata",
    "tally",
]
