"""Files on disk → queries, gallery and answers: one reader per data set, and `base.RetrievalSet` for what they give."""
