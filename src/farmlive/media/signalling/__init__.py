"""What is agreed with a peer: offers and answers, DTLS, one session's life."""
