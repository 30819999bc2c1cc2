"""The command `farmlive`."""
