"""Which of the models that ship is taken where none is named."""

DEFAULT = "small"
