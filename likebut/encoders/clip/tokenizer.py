"""Text → CLIP ids: lower-cased byte-level BPE with `</w>` at word ends, start-of-text and end-of-text last.

Knows where vocabularies lie (Hugging Face folders, OpenAI's merges file, the `clip` and `open_clip` packages) and how
to train a small one from captions. No vocabulary of others is shipped. Source of the scheme: CLIP, arXiv:2103.00020.
"""

from __future__ import annotations

import gzip
import html
import json
import logging
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Regex
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Lowercase, Replace, Strip
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import ByteLevel, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.trainers import BpeTrainer

from likebut.errors import BadCheckpoint, BadQuery, NotFound

if TYPE_CHECKING:
    from likebut.types import Array

SOT, EOT, WORD_END = "<|startoftext|>", "<|endoftext|>", "</w>"
SLOT = -1  # where a pseudo-token goes in a row of ids; `CLIP.encode_text(..., placeholder=SLOT)`
MERGES_FILE = "bpe_simple_vocab_16e6.txt.gz"
OPENAI_MERGES = 49152 - 256 - 2  # the file holds more lines than OpenAI's vocabulary uses
_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "‛": "'", "“": '"', "”": '"', "‟": '"'})
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"

log = logging.getLogger(__name__)


class Tokenizer:
    """Texts or prompts in pieces → (B, T) int64 rows `SOT … EOT 0 0`, at most `context` ids long.

    truncated  how many texts have been cut to fit since this tokenizer was made
    """

    def __init__(self, backend: Backend, context: int = 77) -> None:
        backend.no_padding()
        backend.no_truncation()
        backend.encode_special_tokens = True  # "<|endoftext|>" typed by a person is text, not the end of the text
        self._backend = backend
        self.context = context
        self.truncated = 0
        sot, eot = backend.token_to_id(SOT), backend.token_to_id(EOT)
        if sot is None or eot is None:
            raise BadCheckpoint(f"This vocabulary lacks {SOT} or {EOT}; a CLIP vocabulary ends with both.")
        self.sot: int = sot
        self.eot: int = eot

    def __len__(self) -> int:
        return int(self._backend.get_vocab_size())

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """The bare ids of each text: nothing in front, nothing behind, nothing cut. Empty texts have none."""
        cleaned = [_clean(text) for text in texts]
        return [row.ids for row in self._backend.encode_batch(cleaned, add_special_tokens=False)]

    def __call__(self, texts: Sequence[str], *, truncate: bool = True) -> Array:
        """B texts → (B, T) int64, T being the longest. What does not fit is cut, the end-of-text id stays.

        Raises `BadQuery` for the first text that does not fit when `truncate` is False.
        """
        return self._rows(self.pieces(texts), texts, truncate)

    def prompts(self, prompts: Sequence[Sequence[str | None]], *, truncate: bool = True) -> Array:
        """B prompts in pieces → (B, T) int64 with -1 where a piece is None.

        Pieces are tokenised one by one and joined as ids, so nothing beside a slot can merge with it. A prompt that
        does not fit loses words from its end, never a slot.
        """
        bare = iter(self.pieces([piece for prompt in prompts for piece in prompt if piece is not None]))
        rows = [[i for piece in prompt for i in ([SLOT] if piece is None else next(bare))] for prompt in prompts]
        return self._rows(rows, ["".join(piece or " … " for piece in prompt) for prompt in prompts], truncate)

    def _rows(self, rows: list[list[int]], texts: Sequence[str], truncate: bool) -> Array:
        room = self.context - 2
        long = [number for number, row in enumerate(rows) if len(row) > room]
        if long:
            message = f"{texts[long[0]][:60]!r}… is {len(rows[long[0]])} tokens long; there is room for {room}."
            if not truncate:
                raise BadQuery(f"Text {message} Shorten it.")
            self.truncated += len(long)
            log.warning("%d text(s) cut to %d tokens, first: %s", len(long), room, message)
            for number in long:
                rows[number] = _cut(rows[number], room)
        out = np.zeros((len(rows), max((len(row) for row in rows), default=0) + 2), dtype=np.int64)
        for number, row in enumerate(rows):
            out[number, : len(row) + 2] = [self.sot, *row, self.eot]
        return out

    def decode(self, ids: Iterable[int]) -> str:
        """The text behind a row of ids, for people: lower-cased and single-spaced, slots as `*`."""
        word = {number: piece for piece, number in self._backend.get_vocab().items()}
        shown = [word[int(i)] if i != SLOT else f"*{WORD_END}" for i in ids if i not in (0, self.sot, self.eot)]
        byte = {char: value for value, char in enumerate(_byte_alphabet())}
        parts = "".join(shown).split(WORD_END)
        return " ".join(bytes(byte[c] for c in part).decode("utf-8", "replace") for part in parts).strip()

    def save(self, folder: str | Path) -> Path:
        """Write `tokenizer.json` into the folder; `from_folder` reads it back."""
        path = Path(folder) / "tokenizer.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._backend.save(str(path))
        return path

    @classmethod
    def from_folder(cls, folder: str | Path, context: int = 77) -> Tokenizer:
        """Read `tokenizer.json`, or `vocab.json` with `merges.txt`, or OpenAI's merges file.

        Raises `NotFound` where the folder holds none of them.
        """
        folder = Path(folder)
        if (folder / "tokenizer.json").is_file():
            return cls(Backend.from_file(str(folder / "tokenizer.json")), context)
        if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
            vocab = json.loads((folder / "vocab.json").read_text("utf-8"))
            lines = (folder / "merges.txt").read_text("utf-8").split("\n")
            merges = [tuple(line.split()) for line in lines if line and not line.startswith("#version")]
            return cls(_backend(vocab, merges), context)  # type: ignore[arg-type]
        if (folder / MERGES_FILE).is_file():
            lines = gzip.decompress((folder / MERGES_FILE).read_bytes()).decode("utf-8").split("\n")
            return cls.from_merges([tuple(line.split()) for line in lines[1 : OPENAI_MERGES + 1]], context)  # type: ignore[misc]
        raise NotFound(
            f"No vocabulary in {folder}: expected tokenizer.json, or vocab.json with merges.txt, or {MERGES_FILE}."
        )

    @classmethod
    def from_merges(cls, merges: Sequence[tuple[str, str]], context: int = 77) -> Tokenizer:
        """A vocabulary in CLIP's order: 256 bytes, the same at a word's end, one piece per merge, SOT, EOT."""
        alphabet = _byte_alphabet_by_rank()
        pieces = [*alphabet, *(char + WORD_END for char in alphabet), *("".join(pair) for pair in merges), SOT, EOT]
        return cls(_backend({piece: number for number, piece in enumerate(pieces)}, list(merges)), context)


def find_tokenizer(beside: Path | None, vocab_size: int, context: int = 77) -> Tokenizer:
    """The vocabulary of a checkpoint: beside it, else OpenAI's from an installed package or the hub.

    Raises `NotFound` saying where it was looked for, `BadCheckpoint` for a vocabulary larger than the text tower's.
    """
    looked: list[str] = []
    for folder in _folders(beside):
        looked.append(str(folder))
        try:
            tokenizer = Tokenizer.from_folder(folder, context)
        except NotFound:
            continue
        if folder != beside and len(tokenizer) != vocab_size:
            continue  # somebody else's vocabulary: only one that fits exactly can be meant
        if len(tokenizer) > vocab_size:
            raise BadCheckpoint(f"The vocabulary in {folder} has {len(tokenizer)} pieces, the text tower {vocab_size}.")
        return tokenizer
    raise NotFound(
        f"No vocabulary of {vocab_size} pieces for this text tower; looked in {', '.join(looked) or 'no folder'}. Put "
        f"OpenAI's {MERGES_FILE} (or vocab.json with merges.txt) beside the checkpoint, or: pip install openai-clip"
    )


def _folders(beside: Path | None) -> Iterable[Path]:
    if beside is not None:
        yield beside
    for package in ("clip", "open_clip", "alpha_clip"):
        spec = find_spec(package)  # finds the folder, runs nothing of it
        yield from (
            (Path(place) for place in (spec.submodule_search_locations or ()) if spec is not None) if spec else ()
        )
    from likebut.encoders.hub import cached_folder

    cached = cached_folder("openai/clip-vit-base-patch32")
    if cached is not None:
        yield cached


def train_vocabulary(texts: Iterable[str], size: int = 1024, context: int = 77) -> Tokenizer:
    """Learn `size` - 514 merges from texts (fewer where the texts are exhausted); `.save(folder)` keeps it.

    Every byte has a piece of its own, so no text is unknown to it. The same texts give the same vocabulary.
    """
    if size < 514:
        raise ValueError(f"A vocabulary of {size} is too small: 512 byte pieces and two marks are always there.")
    backend = _backend({}, [])
    alphabet = _byte_alphabet()
    trainer = BpeTrainer(
        vocab_size=size - 2 + 256,  # the trainer counts only those word-end bytes that it saw; the surplus is cut below
        initial_alphabet=alphabet,
        end_of_word_suffix=WORD_END,
        show_progress=False,
    )
    backend.train_from_iterator(sorted(_clean(text) for text in texts), trainer)
    merges = [tuple(pair) for pair in json.loads(backend.to_str())["model"]["merges"]]
    return Tokenizer.from_merges(merges[: size - 514], context)  # type: ignore[arg-type]


def _backend(vocab: dict[str, int], merges: list[tuple[str, str]]) -> Backend:
    backend = Backend(BPE(vocab, merges, end_of_word_suffix=WORD_END, fuse_unk=False))
    backend.normalizer = Normalizers([NFC(), Replace(Regex(r"\s+"), " "), Strip(), Lowercase()])
    backend.pre_tokenizer = PreTokenizers(
        [
            Split(Regex(_WORDS), behavior="removed", invert=True),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return backend


def _clean(text: str) -> str:
    """HTML's escapes undone twice and quotation marks straightened, as OpenAI does before it looks for words."""
    return html.unescape(html.unescape(text)).translate(_STRAIGHT)


def _cut(row: list[int], room: int) -> list[int]:
    words = room - row.count(SLOT)
    kept: list[int] = []
    for number in row:
        if number == SLOT:
            kept.append(number)
        elif words > 0:
            kept.append(number)
            words -= 1
    return kept


def _byte_alphabet_by_rank() -> list[str]:
    """The 256 byte characters in the vocabulary's order: printable ones first, as GPT-2 and CLIP number them."""
    characters = _byte_alphabet()
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [characters[i] for i in printable] + [characters[i] for i in range(256) if i not in set(printable)]


def _byte_alphabet() -> list[str]:
    """Byte value → the character that stands for it; unprintable bytes take characters from 256 up, in order."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(i) if i in printable else chr(next(spare)) for i in range(256)]
