"""The pieces of the composition root (app.py): how each group of parts is built and connected."""
