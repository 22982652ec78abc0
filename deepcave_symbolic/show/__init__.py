"""Records as text, Markdown, LaTeX, notebook, figures and HTML; nothing here computes."""
