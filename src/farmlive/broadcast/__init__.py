"""A broadcast: its log, its cards and chat, and the live channel that carries them."""
