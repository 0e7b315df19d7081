"""Tests of the modem layer."""
