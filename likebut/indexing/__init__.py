"""Pictures on disk → records in a store.

    sources      folders, files, globs and tables → Items with ids that stay the same
    incremental  Items → store: what is unchanged is not encoded again, what cannot be read is reported

Opens no index and loads no encoder: both are handed in.
"""

from likebut.indexing.incremental import IndexReport, index_items
from likebut.indexing.sources import passed_over, read_source

__all__ = ["IndexReport", "index_items", "passed_over", "read_source"]
