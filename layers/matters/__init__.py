"""The catalogue of a city: departments, matters, working days, who does what and within which time."""
