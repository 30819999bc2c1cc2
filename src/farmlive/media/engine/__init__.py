"""The engine: everything that a packet touches, behind one interface."""
