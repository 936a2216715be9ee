"""From atoms to an exit wave."""
