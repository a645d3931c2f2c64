"""What sees and imagines: encoders, captioners, generators, where their weights come from, and recipes for
them.

Nothing heavy is imported here; see the modules.
"""
