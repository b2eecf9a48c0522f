"""Parts of the benchmark `dispatch`."""
