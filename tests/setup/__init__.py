"""Tests of the set-up command and of what a wheel holds."""
