"""How pages are made: templates, languages, formats, static files and pictures."""
