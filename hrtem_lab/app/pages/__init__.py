"""The pages: one package per chapter, named like its notebook, and the contents. None knows another."""
