"""SIM, radio, data connection and what the firmware can do."""
