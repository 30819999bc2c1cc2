"""Farms, plots and lots: what is recorded of a harvest, declared an error or taken back."""
