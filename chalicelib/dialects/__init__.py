"""Pure translation between the engine and the documented APIs. No I/O, and the engine never sees them."""
