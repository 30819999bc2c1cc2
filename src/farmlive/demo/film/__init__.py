"""The demo's films and the drawings that they are made of."""
