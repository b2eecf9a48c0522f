"""Drafts of boundaries: drawn beside what is published, looked at in advance, published at an instant."""
