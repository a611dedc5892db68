"""Inspection plans: what someone sets up once for a part or a material, kept in versions."""
