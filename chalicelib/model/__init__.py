"""The nouns of the house: frozen values without I/O."""
