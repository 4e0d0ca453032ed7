"""The nouns that cross a boundary; imports nothing, so that every edge starts quick."""
