"""The arithmetic around the network: picture to tensor, maps to rows, rows to boxes."""
