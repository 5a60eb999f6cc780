"""`python -m detector`, the same as the console script `detector`."""

from detector.cli import main

if __name__ == "__main__":
    main()
