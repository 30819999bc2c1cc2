"""Farms, plots and lots: recording, error declarations and withdrawals."""
