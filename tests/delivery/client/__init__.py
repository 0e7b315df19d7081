"""A mail client over a socket."""
