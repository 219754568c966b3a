"""What comes back: reports of failure, read with suspicion. Pure.

The return path's token, not the report, says which copy is meant (`mailbridge.tokens`).
"""
