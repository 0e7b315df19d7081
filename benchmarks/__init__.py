"""The figures of the AT engine, beside peers and beside bare transports."""
