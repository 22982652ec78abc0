"""The formats of run folders: a reader for each, and the table that says which reader reads which folder."""
