"""In-memory stand-ins for what the stages need from the outside, and makers of messages.

Each fake passes the same contract suite as the real adapter.
"""
