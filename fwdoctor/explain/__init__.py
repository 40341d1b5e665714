"""Text → findings: known errors in logs and tracebacks, with cause, who must act and what to do.

squeeze     text without what transport does to it (wrapping, colours, quoting)
template    one message with named placeholders, matched in linear time
catalogue   the classes of rules/errors/, typed
scan        a stream of bytes → matches, in constant memory
incident    matches → findings: one per class, consequences folded under causes
"""
