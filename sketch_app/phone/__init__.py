"""The phone's photos brought into the gallery and kept in step. How a phone is read is `device.phone`'s
concern, what the gallery remembers of it `index`'s.
"""
