"""The only wiring: settings to running components. Importing it connects to nothing."""
