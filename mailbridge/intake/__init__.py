"""The door: SMTP and LMTP sessions, which ask policy, commit, and only then say 250."""
