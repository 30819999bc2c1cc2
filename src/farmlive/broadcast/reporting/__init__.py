"""What reports read of broadcasts: facts of the log, and who watched."""
