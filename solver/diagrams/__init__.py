"""Decision diagrams: a whole set of states is one diagram, and an action moves the set at once (OxiDD)."""
