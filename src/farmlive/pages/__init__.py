"""The pages: Jinja2 templates of web/ in Chinese and English, static files, and their routes."""
