"""The only memory bot and mailbridge share: terms, settings, tables and one module of verbs per aggregate."""
