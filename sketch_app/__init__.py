"""The application without a window: sketch, drawing by gesture, search, gallery, settings, command line.

Nothing is imported here, so that `import sketch_app` costs nothing; import the module you need.
"""
