"""The checkup of what the bot needs of Slack: tokens, socket, scopes, channels, command, people."""
