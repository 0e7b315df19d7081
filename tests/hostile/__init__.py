"""What hostile texts, bytes and moments do to the whole of it: nothing."""
