"""The outbox under fire: a courier with a real modem, outbox and mail server."""
