"""Search: a composer makes the query vector, a store finds its neighbours.

An engine opens no picture and has never heard of a benchmark. `search` is `compose` followed by `lookup`, and both
can be called alone, because `compose` runs networks and `lookup` does not: CIRR composes its queries once and looks
them up twice, a page composes once and looks up again on every filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likebut.composers import load_composer
from likebut.composers.base import Composer, Composition, References
from likebut.errors import BadQuery, IndexMismatch
from likebut.stores.base import Store
from likebut.types import Hit, Item, Query

if TYPE_CHECKING:
    from likebut.encoders.base import Encoder
    from likebut.indexing import IndexReport


class Engine:
    """A store, the encoder that its vectors came from, and any number of composers over both.

    encoder   None: the one that the index names, loaded when a picture or a text first needs it
    composer  the default: a name of the catalogue, or a `Composer`
    """

    def __init__(self, store: Store, encoder: Encoder | None = None, composer: str | Composer = "sum") -> None:
        self.store = store
        self._encoder = encoder
        self._default = composer
        self._composers: dict[str, Composer] = {}
        if encoder is not None:
            self._check(encoder)

    @property
    def encoder(self) -> Encoder:
        """The encoder behind the index. Raises `IndexMismatch` if the one of that name has other weights by now."""
        if self._encoder is None:
            from likebut.encoders import load_encoder

            encoder = load_encoder(self.store.manifest.encoder)
            self._check(encoder)
            self._encoder = encoder
        return self._encoder

    def _check(self, encoder: Encoder) -> None:
        made = self.store.manifest
        if encoder.fingerprint == made.fingerprint:
            return
        if encoder.name == made.encoder:
            found = (
                f"with another version of {made.encoder} (fingerprint {made.fingerprint}, here {encoder.fingerprint})"
            )
        else:
            found = f"with {made.encoder} ({made.dim} numbers per picture); this is {encoder.name} ({encoder.dim})"
        raise IndexMismatch(
            f"The index was made {found}. Use the first encoder, or index again: "
            f"likebut index SOURCE --index NEW.likebut --encoder {encoder.name}"
        )

    def composer(self, composer: str | Composer | None = None) -> Composer:
        """The composer of that name over this engine's encoder; None is the engine's default."""
        chosen = self._default if composer is None else composer
        if isinstance(chosen, Composer):
            return chosen
        if chosen not in self._composers:
            self._composers[chosen] = load_composer(chosen, lambda: self.encoder)
        return self._composers[chosen]

    def index(self, items: Iterable[Item], **options: Any) -> IndexReport:
        """Items → store. Incremental and resumable; a picture that cannot be read is reported, never fatal.

        Options and the report are `likebut.indexing.index_items`'s.
        """
        from likebut.indexing import index_items

        return index_items(items, self.encoder, self.store, **options)

    def references(self) -> References:
        """Vectors for one batch of queries; hand the same one to several composers and nothing is encoded twice."""
        return References(lambda: self.encoder, self.store)

    def compose(
        self,
        queries: Sequence[Query],
        composer: str | Composer | None = None,
        references: References | None = None,
    ) -> Composition:
        """B queries → (B, D) unit rows with their ledger; runs networks."""
        if not queries:
            raise BadQuery("No query was given.")
        return self.composer(composer).compose(queries, references or self.references())

    def lookup(
        self, composition: Composition, queries: Sequence[Query], k: int, *, exact: bool = False
    ) -> list[list[Hit]]:
        """(B, D) → for each query its best k; runs the store only."""
        ranked = self.store.top(
            composition.vectors,
            k,
            exclude=[query.exclude for query in queries],
            within=[query.within for query in queries],
            where=[query.where for query in queries],
            exact=exact,
        )
        records = {record.id: record for record in self.store.get(list({item for hits in ranked for item, _ in hits}))}
        return [
            [
                Hit(
                    item,
                    score,
                    rank,
                    {
                        name: float(rows[row] @ records[item].vector)
                        for name, rows in composition.parts.items()
                        if rows[row].any()
                    },
                    records[item].metadata,
                )
                for rank, (item, score) in enumerate(hits, start=1)
            ]
            for row, hits in enumerate(ranked)
        ]

    def search(
        self, queries: Sequence[Query], k: int = 10, composer: str | Composer | None = None, *, exact: bool = False
    ) -> list[list[Hit]]:
        """The best k hits of each query: `lookup(compose(queries), queries, k)`."""
        return self.lookup(self.compose(queries, composer), queries, k, exact=exact)


def open_index(
    path: str | PathLike[str], *, encoder: Encoder | None = None, composer: str | Composer = "sum"
) -> Engine:
    """The index at `path`, ready to search. Its encoder is loaded when a query first needs it.

    Raises `NotFound` where there is no index, `IndexMismatch` where `encoder` is not the one that made it.
    """
    from likebut.stores import open_store

    return Engine(open_store(path), encoder, composer)


def create_index(
    path: str | PathLike[str], encoder: Encoder, *, composer: str | Composer = "sum", store: str = "lance"
) -> Engine:
    """A new index at `path` for vectors of `encoder`, or the one already there if that encoder made it.

    store: for a new index, a name of `likebut.stores.STORES`.
    """
    from likebut import __version__
    from likebut.stores import create_store, open_store
    from likebut.stores.base import Manifest

    if (Path(path) / "index.json").exists():
        return Engine(open_store(path, mode="w"), encoder, composer)
    manifest = Manifest(encoder.name, encoder.fingerprint, encoder.dim, encoder.preprocess, store, likebut=__version__)
    return Engine(create_store(path, manifest), encoder, composer)
