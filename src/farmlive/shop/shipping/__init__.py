"""Parcel fees."""
