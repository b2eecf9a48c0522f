"""Cases: intake, assignment, checking."""
