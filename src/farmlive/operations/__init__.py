"""The operation of a server: health, time, retention and metrics."""
