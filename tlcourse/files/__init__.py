"""Every file that is not code: found, fetched, checked, kept."""
