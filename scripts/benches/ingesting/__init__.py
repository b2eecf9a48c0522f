"""Parts of the benchmark of fixes."""
