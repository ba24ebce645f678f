"""Data sets: list them, check what was downloaded, draw our own.

\b
    likebut data ls
    likebut data check cirr-val ~/CIRR
    likebut data make wardrobe --to wardrobe
"""

COMMANDS = {
    "ls": ("likebut.cli.data.ls", "Benchmarks and data sets that likebut knows."),
    "check": ("likebut.cli.data.check", "Is this folder really the benchmark, whole and readable?"),
    "make": ("likebut.cli.data.make", "Draw a data set of our own."),
}
