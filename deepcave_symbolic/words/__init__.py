"""Names and numbers as people read them, safe in every output."""
