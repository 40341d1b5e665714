"""What the codemods stand on: names and types of a file, the text of calls, the session of one file."""
