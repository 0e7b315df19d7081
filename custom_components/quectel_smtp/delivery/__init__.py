"""Keeps mail until it is sent, or is over; knows the modem, not Home Assistant."""
