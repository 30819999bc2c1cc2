"""Renders pages: templates, languages, formats, static files and pictures."""
