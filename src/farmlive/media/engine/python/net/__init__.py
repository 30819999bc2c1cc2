"""The engine's network: UDP and TCP sockets, ICE, batched I/O and the BPF filter."""
