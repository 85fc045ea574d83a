"""More training documents from those there are: other drugs, other words, joined sentences.

Everything here is off unless the settings of a training say otherwise; `python -m training ablate`
measures what it is worth.
"""
