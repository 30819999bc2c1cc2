"""What buyers hear of their orders by telephone or e-mail."""
