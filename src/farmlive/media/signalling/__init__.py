"""Signalling: offers and answers, DTLS, and the life of one session."""
