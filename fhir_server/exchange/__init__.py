"""What leaves the server: deliveries of the outbox, and messages to Medicare contractors."""
