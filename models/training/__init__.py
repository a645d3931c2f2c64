"""Recipes that make the weights the program runs on, each behind one `sketch-app train` command."""
