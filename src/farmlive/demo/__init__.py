"""The demo county: its film, its people, its shop window, and the selftest that tries it all."""
