"""What a broadcast sold: a report folded from its log, and its sheets."""
