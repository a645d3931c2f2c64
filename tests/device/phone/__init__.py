"""Tests of reading phones, against the real adb server and the real daemon of Android."""
