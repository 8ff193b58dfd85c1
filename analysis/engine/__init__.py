"""What runs the work: devices and jobs."""
