"""Transcripts of what a modem answers."""
