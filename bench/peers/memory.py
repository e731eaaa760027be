"""How much memory this process took."""

import resource


def peak_mb():
    """The most resident memory that it took since it began, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
