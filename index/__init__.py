"""What the program remembers: the gallery database, its vector indexes, safe decoding, folder scanning.

Nothing is imported here, so that ``import index`` costs nothing; start at :mod:`index.gallery` and
:mod:`index.indexer`.
"""
