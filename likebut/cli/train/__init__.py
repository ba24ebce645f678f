"""Train a method, or run a recipe; the result is a folder that `--composer` or `--encoder` takes.

\b
    likebut train pic2word --index shoes.likebut --out runs/shoes-pic2word
    likebut train recipes/pic2word_wardrobe.py --toy

A recipe is a file with a function `main`; everything behind its name is handed to it, `--help` too. An interrupted run
goes on with the same command. Ctrl-C and SIGTERM end it with a checkpoint.
"""

from __future__ import annotations

from typing import Any

COMMANDS = {
    "pic2word": ("likebut.cli.train.pic2word", "A picture as a word, learned from pictures."),
    "searle": ("likebut.cli.train.searle", "A picture as a word, distilled from optimised words."),
    "lincir": ("likebut.cli.train.lincir", "A picture as a word, learned from captions."),
}


def fallback(name: str) -> Any:
    """The command behind a name that is no method: a recipe's path, or None."""
    from likebut.cli.train.recipe import command_for

    return command_for(name) if name.endswith(".py") else None
