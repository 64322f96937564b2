"""What the phone itself keeps: messages, calls, contacts."""
