"""The parts of the page, named after what a visitor does: bring, choose, understand, compare, take away."""
