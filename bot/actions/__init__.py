"""Buttons and modals by noun. Each module offers tables (id -> handler) that `bot.app` registers."""
