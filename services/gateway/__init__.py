"""The gateway: hospitals' own protocols in front of the topic of notes."""
