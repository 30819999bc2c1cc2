"""What viewers get: forwarders, splices, catch-up, retransmissions, sound."""
