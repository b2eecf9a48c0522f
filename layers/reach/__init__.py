"""Who lives how far from service, along the streets."""
