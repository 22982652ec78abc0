"""What this program owes to its surroundings: signals, streams, files, optional packages."""
