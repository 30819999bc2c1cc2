"""The channel's WebSocket protocol, its replies and its limits."""
