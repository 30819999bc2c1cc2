"""Who trades in a bench, and whether what was acknowledged to them is kept."""
