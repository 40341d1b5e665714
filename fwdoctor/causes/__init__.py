"""One root cause from three witnesses: what remote state shows, what the code sets, what the log says.

knowledge   which errors, settings and findings belong to one cause (rules/fwdoctor_rules/probes/causes.toml)
code        what the code sets, with its places
join        findings → findings: one per cause, with the chain that leads to it, consequences folded
sections    the same for the sections of ``fwdoctor check``
"""
