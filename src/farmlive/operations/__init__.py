"""How a server is: health, time, retention and numbers."""
