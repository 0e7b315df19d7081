"""What results mean, what is mended when, and what an email says."""
