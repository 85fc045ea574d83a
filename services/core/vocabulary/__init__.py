"""From the wording of a mention to the concept it is counted under."""
