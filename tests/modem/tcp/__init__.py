"""A byte stream over the modem's own TCP."""
