"""Arrays, their weighted sums and their grids: what every numeric module shares."""
