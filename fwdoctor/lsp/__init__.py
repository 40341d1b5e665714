"""``fwdoctor lsp``: what ``lint`` finds, while it is typed."""
