"""What reports read of the shop: offers, sales and orders; and the removal of old orders."""
