"""The composition root: settings in, a running bot out. The only place, with `bot.slack`, that knows Bolt."""
