"""The county that runs this server, as its pages and messages name it."""

from farmlive.county.county import County

__all__ = ["County"]
