"""The engine: one file a step, in the order of the walk in chalicelib."""
