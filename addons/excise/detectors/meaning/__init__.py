"""Topics, injection and unsafe content: linear classifiers over words."""
