"""The conversation: what people do in Slack, and what Postroom says there. It imports the store, never the bridge."""
