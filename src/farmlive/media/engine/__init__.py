"""The engine: all handling of media packets, behind one interface."""
