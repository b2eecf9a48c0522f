"""Where people have been: devices, shifts, fixes."""
