"""The engine's sockets: UDP and TCP, ICE, batches, and what the kernel filters."""
