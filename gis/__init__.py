"""What is true of ground, lines and time: pure functions on arrays."""
