"""Bytes to pixels and back, and drawing. RGB inside; BGR appears only where an engine wants it."""
