"""Claims about damaged goods, and their refunds."""
