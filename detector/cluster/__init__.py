"""More than one machine: what needs Ray, and the only place that imports it."""
