"""What the benchmark `redraw` is made of."""
