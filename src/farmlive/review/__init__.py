"""The review of a broadcast: a report folded from its log, and its sheets."""
