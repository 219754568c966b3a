"""Groups as code: a YAML file read, compared with the store, carried over, and written back out."""
