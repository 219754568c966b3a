"""From the message as received to the bytes a next hop gets. Pure: bytes and settings in, bytes out.

`edition` makes the post as its group publishes it, once; `copy` the few header lines that differ from contact to
contact and stand in front of it; `letters` our own mails. Nothing is parsed and written again: whole header lines are
dropped or put on top, every other octet stays, so that signatures over it stay valid.
"""
