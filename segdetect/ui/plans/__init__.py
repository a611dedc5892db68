"""The Plans page: plans listed, shown, tried, compared, exported, imported and deleted."""
