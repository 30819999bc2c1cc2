"""Old Chromiums that npm has inside packages, and what they make of the pages."""
