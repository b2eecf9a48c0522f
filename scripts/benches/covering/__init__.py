"""What the benchmark `coverage` is made of."""
