"""farmlive with a commit for each write, to measure what shared commits save:
`one_write_per_commit.py serve`. Only the bench of the till starts it; no setting does.
"""

from farmlive.cli import main
from farmlive.store import writer

if __name__ == "__main__":
    writer.BATCH = 1
    main.main()
