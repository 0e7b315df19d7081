"""Speaks AT to a Quectel modem; knows nothing of Home Assistant, nor of queues."""
