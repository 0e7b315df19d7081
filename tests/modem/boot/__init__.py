"""What belongs to one boot of the modem."""
