"""Words and layout of the papers, no logic."""
