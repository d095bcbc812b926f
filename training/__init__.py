"""What is fitted to data, and how; imported by nothing at run time."""
