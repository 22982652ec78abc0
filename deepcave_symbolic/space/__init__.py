"""One hyperparameter as an axis with a domain and units, its values, and configurations as vectors."""
