"""How it is reached: HTTP and the command line."""
