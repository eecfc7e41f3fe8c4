"""The releases of the schema, each as the steps from the one before it. A published file is never changed."""
