"""Bytes to pixels and back, and drawing. RGB inside; BGR appears only where an engine wants it."""

# The files that can be written; those and GIF can be read.
FORMAT_OF_SUFFIX = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
