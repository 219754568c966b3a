"""A pocket Slack workspace and mail room on loopback: the other side of both of Postroom's doors.

It answers Slack's Web API, opens Socket Mode connections (or posts signed requests), keeps what each person
sees, and lets a page, a test or the tour act as a person. Beside it stands a mail room: an SMTP sink with a
mailbox for every address, and a desk to compose mail from. It is as strict as Slack where Slack is strict, keeps
its own limits and its own strings, imports nothing of the product and is imported by nothing of it.
"""
