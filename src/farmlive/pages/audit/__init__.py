"""The audit list in words: sentences, facts and a file."""
