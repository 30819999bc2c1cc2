"""Queries of the shop for reports: offers, sales and orders; and the removal of old orders."""
