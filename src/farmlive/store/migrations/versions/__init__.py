"""The revisions of the tables, one chain, each in a file of its own.

Servers of the code before sell on while a revision is run, and after it, if it says so. Each says
by `oldest_code` which code that is: the last revision which that code knows.

- The one before (`down_revision`), where that code goes on as if nothing had happened: a new table,
  an index, a column that may be empty or that the database fills.
- The revision itself, where it does not: a column that must be given, or that is gone, renamed or
  of another meaning; rows that it can't read, such as a state or a kind of event that it does not
  know; and a rule that it would break, such as one on what must not be sold.

A revision that says nothing serves no earlier code, and a test asks for it. Whatever it locks, it
holds until it is done: of a long table, change rows or make an index in a revision of its own.

A revision that changes rows of `events` empties `log_checkpoints`, which hold what they said.
"""
