"""Tasks -> samples -> scores -> summary -> comparison."""
