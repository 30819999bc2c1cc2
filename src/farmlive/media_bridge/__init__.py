"""Between media and the rest: stream keys, cameras on air, and who may still watch."""
