"""Tables as Markdown, with all their numbers in tidy rows."""
