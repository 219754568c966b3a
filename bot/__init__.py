"""The conversation: what people do in Slack, and what Postroom says there. Imports the store and nothing of the mail."""
