"""How telephones and trackers say where they are: pure functions, one file for each way."""
