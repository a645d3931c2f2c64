"""Measuring retrieval as the literature does: splits, layouts of data sets, figures with their intervals."""
