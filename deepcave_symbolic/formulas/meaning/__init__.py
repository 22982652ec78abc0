"""What a formula in normal form says: what each constant is, what the curve is called, whether both can be read."""
