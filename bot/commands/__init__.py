"""The slash command: `grammar` reads its text, `table` says what there is, the other modules answer, one noun each."""
