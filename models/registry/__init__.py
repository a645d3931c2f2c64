"""Where weights come from: which models the program knows, fetching and importing their files, and the folder
they are kept in.

Nothing is opened as a model here, and nothing heavy is imported; the loaders of `models` take the folders
that `models.registry.store` hands out.
"""
