"""What a formula tells and how far to trust it."""
