"""The web folder as a package: templates, static files and catalogues, served from any folder."""
