"""Data sets: list them, draw our own.

\b
    likebut data ls
    likebut data make wardrobe --to wardrobe
"""

COMMANDS = {
    "ls": ("likebut.cli.data.ls", "Benchmarks and data sets that likebut knows."),
    "make": ("likebut.cli.data.make", "Draw a data set of our own."),
}
