"""The figures of AT engine and outbox, beside peers and beside the bare floors."""
