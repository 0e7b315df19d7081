"""The modem's own mail client, its files and its results."""
