"""Files on disk → queries, gallery and answers; one reader per data set, `base.RetrievalSet` between them and the rest."""
