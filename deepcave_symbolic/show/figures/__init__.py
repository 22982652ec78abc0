"""Records as plotly figures."""
