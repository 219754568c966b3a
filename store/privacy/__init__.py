"""Privacy: what is kept about one person, given to them or erased; and the marks of who was forgotten."""
