"""Who a person is, and where a text speaks of them; pure, opens nothing."""
