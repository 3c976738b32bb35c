"""The HTTP edge: blueprints that authenticate, parse, make one call and print its answer in a dialect."""
