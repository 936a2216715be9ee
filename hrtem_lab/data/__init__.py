"""Exit waves that come with the package; SOURCES.md says how each was made."""
