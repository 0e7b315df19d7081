"""The virtual modem's own tests: it does what the documents say."""
