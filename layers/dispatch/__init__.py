"""The dispatch centre: who gets a case, what is late, what happens now, and how well it all goes."""
