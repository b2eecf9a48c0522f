"""Where cases gather, and whether that is more than chance."""
