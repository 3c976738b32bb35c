"""Which type a column is suggested, by its cells."""

import pytest

from chalicelib.model.product_schema import ProductSchema
from chalicelib.suggest import suggest
from scripts.eval_mapping import evidence_of


def type_of(header: str, *cells: str) -> str:
    """The type of a column between a key and a name."""
    rows = [[f"K-{number}", f"Name {number}", cell] for number, cell in enumerate(cells)]
    columns = evidence_of(["SKU", "Name", header], rows)
    suggestion = suggest(columns, rows, learned={}, schema=ProductSchema(), row_count=len(rows))
    field = suggestion.mapping[header]
    return next(each.type for each in suggestion.schema if each.name == field)


MANY = 40


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Zeta", ["1", "2,5", "3"] * MANY, "number"),
        ("Zeta", ["1", "2,5", "3"] * MANY + ["free", "none"], "string"),
        ("Zeta", ["12.5 %", "7 %", "3 %"], "number"),
        ("Zeta", ["207 g", "1,5 kg", "3 kg"], "string"),
        ("Zeta", ["€ 5", "€ 7,50", "9 €"], "price"),
        ("Zeta EUR", ["5.00", "7.50", "9.10"], "price"),
        ("Zeta", ["4,26E+12", "4,26E+12", "8,7E+12"], "string"),
        ("Zeta", ["007", "008", "123"], "string"),
        ("Zeta", ["64029190", "61091000", "42022100"], "string"),
        ("Zeta", ["750000", "250000", "400000"], "number"),
        ("Zeta", ["oui", "non", "oui"], "boolean"),
        ("Zeta", ["active", "inactive", "active"], "boolean"),
        ("Zeta", ["active", "active", "active"], "string"),
        ("Zeta", ["active", "draft", "archived"], "string"),
        ("Zeta", ["0", "1", "1"] * MANY, "boolean"),
        ("Zeta", ["0", "1", "1"] * MANY + ["4"], "number"),
        ("Zeta", ["https://a.example/1.jpg", "//a.example/2.jpg", "www.a.example/3"], "url"),
        ("Zeta", ["cdn.a.example/1.jpg", "cdn.a.example/2.jpg"], "url"),
        ("Zeta", ["https://a.example/1.jpg,https://a.example/2.jpg"] * 3, "array"),
        ("Zeta", ["red|blue", "green|red", "blue|red"], "array"),
        ("Zeta", ["Home > Garden", "Home > Kitchen"], "string"),
        ("Zeta", ["13/05/2026", "01/02/2026"], "datetime"),
        ("Zeta", ["13-May-2026", "1-Jun-2026"], "datetime"),
        ("Zeta", ["13 mai 2026", "1 juin 2026"], "datetime"),
        ("Zeta", ["May 13, 2026", "June 1, 2026"], "datetime"),
        ("Zeta", ["2026年5月13日", "2026年6月1日"], "datetime"),
        ("Image", ["www.example.com/cdn/1.png?v=2", "www.example.com/cdn/2.png"], "url"),
        ("Availability", ["1", "1", "1"], "number"),
        ("In stock?", ["1", "1", "1"], "boolean"),
        ("Price", ["5", "7.50", "on request"], "price"),
        ("Price", ["on request", "call us", "5"] * MANY, "string"),
        ("Price", ["on request", "call us", "5"], "string"),
        ("Price", ["10-20", "15-30"], "string"),
        ("Stock", ["5", "3 pcs", "2 pcs", "7"], "string"),
        ("Created", ["2026-13-01", "2026-05-12", "2026-25-03"], "string"),
        ("Pris", ["499 kr", "1 299 kr"] * MANY, "price"),
        ("Zeta", ["+4930123456", "+4930123457"], "string"),
        ("Zeta", ["+5", "-3", "+10"], "number"),
        ("Zeta", ["O", "N", "O"], "boolean"),
        ("Zeta", ["S", "O", "N"], "string"),
        ("Zeta", ["S", "O"], "string"),
        ("Zeta", ['["red","blue"]', '["red"]', "[]"], "array"),
        ("Weight", ["207 g", "1 kg", "300 g"], "string"),
        ("VAT", ["21%", "10%", "21%"], "number"),
    ],
)
def test_the_type_of_a_column(header, cells, expected):
    assert type_of(header, *cells) == expected
