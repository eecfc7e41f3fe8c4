"""Who calls: from a credential to the identity that every use case is handed."""
