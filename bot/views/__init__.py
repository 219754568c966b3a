"""Pure: state goes in, Slack's blocks come out. Every text from outside is escaped here, every limit kept."""
