"""What is installed where: SDK, cookbook, pins, credentials, another interpreter's packages.

``doctor.run`` checks it all, ``facts.gather`` only looks. Nothing is imported, executed or fetched for that.
"""
