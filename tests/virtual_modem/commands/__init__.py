"""The AT commands, one file for each part of the modem that they reach."""
