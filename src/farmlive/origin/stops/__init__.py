"""Stopped lots: the findings that stop a lot, and coordinators' lifts."""
