"""Da Vinci PAS: request Bundles into the hub, answers out of it, in two releases."""
