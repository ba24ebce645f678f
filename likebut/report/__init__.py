"""Queries with their answers as pictures.

    panels   one query and its hits, with small pictures
    sheet    panels → a contact sheet (PNG)
    page     panels → a page that stands alone (HTML)

Everything here draws what it is given; it searches nothing.
"""

from likebut.report.page import report_page
from likebut.report.panels import Panel, Tile, panel
from likebut.report.sheet import contact_sheet

__all__ = ["Panel", "Tile", "contact_sheet", "panel", "report_page"]
