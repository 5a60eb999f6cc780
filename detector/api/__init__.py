"""The detector over HTTP: one application, at the root of a server or under a path of the page's."""
