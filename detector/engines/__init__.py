"""What runs a network: one protocol, one thin file an engine, its framework imported in that file alone."""
