"""The fields of `Settings`, a model for each room that reads them; settings.py makes one class of
them. A new setting goes into its room's file, and `./scripts/check --fix` into docs/settings.md.
"""
