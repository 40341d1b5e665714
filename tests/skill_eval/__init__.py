"""Whether an agent that has nothing but the skill gets broken training runs right: README.md of this folder."""
