"""What can be loaded, where it comes from, and the folder that keeps it."""
