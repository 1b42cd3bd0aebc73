"""Lemmas that the machine finds: from steps that break a property, and from the states that are reached."""
