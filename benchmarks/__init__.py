"""How long things take: each module is run with `python -m`, prints a table, and judges nothing."""
