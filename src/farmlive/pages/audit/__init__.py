"""The audit log in words: sentences, facts and a file."""
