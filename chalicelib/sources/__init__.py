"""Sources: somewhere else's files become bytes here. ``network`` guards every address that is called on the way."""
