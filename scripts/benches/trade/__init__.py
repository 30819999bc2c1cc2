"""Simulated buyers and staff, and the reconciliation of acknowledged orders with the database."""
