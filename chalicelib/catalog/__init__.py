"""The catalogue as it is read, and the mirror that follows it."""
