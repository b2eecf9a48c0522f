"""Parts of the benchmark of a person's day."""
