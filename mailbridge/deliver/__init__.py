"""Delivering: claim by lane, carry over kept-open connections, conclude, settle.

Bottom up: `wire` and `commands` are the octets, `capabilities` what a hop offers, `outcome` what its replies mean,
`dialogue` one connection's conversation without a socket; `opening` and `client` put it on one, `pool` keeps a lane's
connections, `route` says where a lane leads, `worker` feeds them from the queue.
"""
