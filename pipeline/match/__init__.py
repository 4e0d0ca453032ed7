"""File rows against the customers who exist: who is who, and what would change."""
