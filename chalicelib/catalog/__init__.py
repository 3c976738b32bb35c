"""The catalogue: its schema, its products as they are listed and edited, its facets, and the mirror that follows it."""
