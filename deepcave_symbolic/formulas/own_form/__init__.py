"""A form of the user's own: its text read, its constants fitted and rounded by name."""
