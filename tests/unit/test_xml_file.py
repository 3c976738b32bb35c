"""XML becomes rows: which element is the record, how what it holds becomes cells, and what is refused."""

import pytest

from chalicelib.errors import UnreadableFile, WrongEncoding
from chalicelib.formats import FileLimits
from chalicelib.formats.xml_file import rewrite_xml
from tests.rewriting import Rewritten, rewritten

pytestmark = pytest.mark.unit


def read(content, **reading) -> Rewritten:
    return rewritten(rewrite_xml, content, **reading)


def record_of(xml: str) -> dict[str, str]:
    """What one record becomes, beside another one."""
    return read(f"<all><record>{xml}</record><record><id>2</id></record></all>").records[0]


# Which element is the record ------------------------------------------------------------------------------------------

RSS = (
    '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
    "<link>https://shop.example</link><image><url>u</url><title>t</title></image>{}</channel></rss>"
)
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><link rel="self" href="y"/>{}</feed>'
YML = (
    '<yml_catalog date="2026-01-01"><shop><name>x</name><currencies><currency id="RUR" rate="1"/>'
    '<currency id="USD" rate="90"/></currencies><categories><category id="1">Chairs</category>'
    '<category id="2" parentId="1">Stools</category><category id="3">Tables</category></categories>'
    "<offers>{}</offers></shop></yml_catalog>"
)


@pytest.mark.parametrize(
    ("document", "element", "path"),
    [
        ("<products>{}</products>", "product", "products/product"),
        (RSS, "item", "rss/channel/item"),
        (ATOM, "entry", "feed/entry"),
        (YML, "offer", "yml_catalog/shop/offers/offer"),
        ("<a><supplier><n>1</n></supplier><supplier><n>2</n></supplier><list>{}</list></a>", "thing", "a/list/thing"),
    ],
)
def test_the_record_is_found(document, element, path):
    xml = document.format("".join(f"<{element}><sku>{n}</sku><name>N{n}</name></{element}>" for n in (1, 2, 3)))
    found = read(xml)
    assert (found.headers, found.rows) == (["sku", "name"], [["1", "N1"], ["2", "N2"], ["3", "N3"]])
    assert found.notes == [f'The records are the elements "{path}".']
    assert found.lines == [1, 2, 3]


MANY_CATEGORIES = '<category id="1" parentId="2"><title>x</title></category>' * 9


@pytest.mark.parametrize(
    ("xml", "path", "rows"),
    [
        ("<shop>{}<product><sku>1</sku></product><product><sku>2</sku></product></shop>", "shop/product", 2),
        ("<shop>{}<offers><offer><sku>1</sku></offer></offers></shop>", "shop/offers/offer", 1),
        ('<shop><offers><offer id="1">A</offer><offer id="2">B</offer></offers></shop>', "shop/offers/offer", 2),
        ("<shop>{}<item><v>1</v></item></shop>", "shop/category", 9),
        ("<shop><p><sku>1</sku><item><v>1</v></item></p><p><sku>2</sku><item><v>2</v></item></p></shop>", "shop/p", 2),
        ('<shop><tags><item id="1">x</item><item id="2">y</item></tags>{}</shop>', "shop/category", 9),
    ],
)
def test_usual_names_count_more_than_numbers(xml, path, rows):
    found = read(xml.format(MANY_CATEGORIES))
    assert found.notes == [f'The records are the elements "{path}".']
    assert len(found.rows) == rows


def test_what_repeats_within_records_is_no_record():
    variants = "<variant><size>S</size></variant>" * 5
    xml = "".join(f"<product><sku>{n}</sku><variants>{variants}</variants></product>" for n in range(3))
    assert len(read(f"<products>{xml}</products>").rows) == 3


def test_records_may_hold_nothing_but_attributes():
    assert read('<list><p sku="A" name="x"/><p sku="B" name="y"/></list>').records == [
        {"@sku": "A", "@name": "x"},
        {"@sku": "B", "@name": "y"},
    ]


@pytest.mark.parametrize(
    "xml",
    [
        "<product><sku>A</sku><name>x</name></product>",
        "<products><product><sku>A</sku><name>x</name></product></products>",
        "<rss><channel><title>t</title><item><sku>A</sku><name>x</name></item></channel></rss>",
        "<export><meta><v>1</v></meta><body><thing><sku>A</sku><name>x</name></thing></body></export>",
    ],
)
def test_a_single_record_is_one(xml):
    assert read(xml).records == [{"sku": "A", "name": "x"}]


def test_the_parts_of_a_single_product_are_no_records():
    xml = "<products><product><sku>A</sku><price><v>1</v></price><price><v>2</v></price></product></products>"
    assert read(xml).records == [{"sku": "A", "price": '[{"v":"1"},{"v":"2"}]'}]


@pytest.mark.parametrize("path", ["channel/item", "rss/channel/item", "/rss/channel/item", "item"])
def test_a_record_path_decides(path):
    xml = RSS.format("<item><id>1</id></item>" + "<other><x>1</x></other>" * 5)
    assert read(xml, record_path=path).records == [{"id": "1"}]


def test_a_record_path_that_leads_nowhere_is_refused_with_what_there_is():
    with pytest.raises(UnreadableFile, match=r'no element "a/z" in the file\. It has: a, a/b, a/b/c'):
        read("<a><b><c>1</c></b></a>", record_path="a/z")


def test_records_are_found_however_the_file_is_cut(monkeypatch):
    xml = YML.format("".join(f"<offer><id>{n}</id><vendor>é\u20ac</vendor></offer>" for n in range(50)))
    for block_bytes in (1, 7, 60, 1000):
        monkeypatch.setattr("chalicelib.formats.xml_file.BLOCK_BYTES", block_bytes)
        found = read(xml)
        assert found.rows == [[str(n), "é\u20ac"] for n in range(50)]


def test_records_in_several_places_are_all_taken():
    xml = "".join(f'<group n="{g}"><list><p><id>{g}{n}</id></p></list></group>' for g in (1, 2) for n in (1,))
    assert read(f"<all>{xml}</all>", record_path="group/list/p").rows == [["11"], ["21"]]


def test_records_behind_a_long_beginning_are_found(monkeypatch):
    monkeypatch.setattr("chalicelib.formats.xml_file.BEGINNING_BYTES", 500)
    categories = "".join(f"<category>{n}</category>" for n in range(500))
    xml = f"<shop><categories>{categories}</categories><offers>" + "<offer><id>1</id></offer>" * 3 + "</offers></shop>"
    assert len(read(xml).rows) == 3


# What it holds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "cells"),
    [
        ("<name>Chair &amp; table</name>", {"name": "Chair & table"}),
        ("<name>\n  Chair\n</name>", {"name": "Chair"}),
        ("<name><![CDATA[<b>Chair</b>]]></name>", {"name": "<b>Chair</b>"}),
        ("<name>one <b>bold</b> word</name>", {"name": "one bold word"}),
        ("<a>1</a><name/><stock></stock>", {"a": "1"}),
        ("<g:id>1</g:id>", {"g:id": "1"}),
        ('<name xmlns="urn:x">A</name>', {"name": "A"}),
        ('<price currency="EUR">5</price>', {"price": "5", "price@currency": "EUR"}),
        ('<img src="a.jpg"/>', {"img@src": "a.jpg"}),
        (
            "<g:shipping><g:price>5</g:price><g:to><c>CZ</c></g:to></g:shipping>",
            {"g:shipping.g:price": "5", "g:shipping.g:to.c": "CZ"},
        ),
        ("<tag>a</tag><x>1</x><tag>b</tag><tag/>", {"tag": "a|b", "x": "1"}),
        ("<tag/><tag>a, b</tag>", {"tag": '["a\\u002c b"]'}),
        ('<price c="EUR">5</price><price c="USD">6</price>', {"price": "5|6", "price@c": "EUR|USD"}),
        (
            '<param name="Colour">red</param><param name="Size" unit="cm">5</param>',
            {"param[Colour]": "red", "param[Size]": "5", "param[Size]@unit": "cm"},
        ),
        ('<attr key="Colour" value="red"/>', {"attr[Colour]": "red"}),
        ("<s><p>1</p></s><s><p>2</p><q>3</q></s>", {"s": '[{"p":"1"},{"p":"2","q":"3"}]'}),
        ("<a><t>1</t><t>2</t></a>", {"a.t": "1|2"}),
        ("text of its own<a>1</a>", {"record": "text of its own", "a": "1"}),
        ("<!-- no --><a>1</a><?pi x?>", {"a": "1"}),
    ],
)
def test_elements_become_cells(xml, cells):
    assert record_of(xml) == cells


def test_an_element_that_is_always_empty_is_a_column_all_the_same():
    assert read("<l><p><a>1</a><b/></p><p><a>2</a><b/></p></l>").headers == ["a", "b"]


def test_a_prefix_nobody_declared_is_kept():
    assert read("<l><p><g:id>1</g:id></p><p><g:id>2</g:id></p></l>").headers == ["g:id"]


def test_skipped_rows_say_nothing_here():
    assert "skip_header_rows says nothing" in read("<l><p><a>1</a></p></l>", skip_header_rows=2).notes[1]


# Encodings ------------------------------------------------------------------------------------------------------------

DOCUMENT = '<?xml version="1.0" encoding="{}"?>\n<l><p><name>{}</name></p><p><name>b</name></p></l>'


@pytest.mark.parametrize(
    ("declared", "written", "name"),
    [
        ("UTF-8", "utf-8", "É\u20ac"),
        ("UTF-8", "utf-8-sig", "É\u20ac"),
        ("utf-16", "utf-16", "É\u20ac"),
        ("utf-16", "utf-8", "É\u20ac"),
        ("ISO-8859-1", "latin-1", "É"),
        ("windows-1252", "cp1252", "É\u20ac"),
        ("windows-1251", "cp1251", "Стул"),
        ("Shift_JIS", "cp932", "椅子"),
    ],
)
def test_declared_encodings_are_read(declared, written, name):
    assert read(DOCUMENT.format(declared, name).encode(written)).rows[0] == [name]


def test_a_named_encoding_counts_more_than_the_declared_one():
    assert read(DOCUMENT.format("UTF-8", "É\u20ac").encode("cp1252"), encoding="cp1252").rows[0] == ["É\u20ac"]


def test_bytes_that_are_not_of_the_encoding_are_named():
    content = DOCUMENT.format("UTF-8", "\u201cÉté\u201d \u2013 3\u20ac").encode("cp1252")
    with pytest.raises(WrongEncoding, match=r"not UTF-8, .* on line 2, cannot be read") as refusal:
        read(content)
    assert refusal.value.byte_offset == content.index(b"\x93")


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no element found"),
        ("no xml", "on line 1, at character 1: syntax error"),
        ("<a><b>1</b>", "on line 1, at character 12: no element found"),
        ("<a>\n<b>1</c></a>", "on line 2, at character 7: mismatched tag"),
        ("<a><b>1</b></a><a/>", "junk after document element"),
        ("<a>&nothing;</a>", "undefined entity"),
        ("<a/>", "no records"),
        ("<a>text</a>", "no records"),
        ("<!DOCTYPE a><a><b>1</b></a>", "declares a document type"),
        ('<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x "y">]><a><b>&x;</b></a>', "document type .* line 2"),
        ('<!DOCTYPE a SYSTEM "https://elsewhere.example/x.dtd"><a/>', "declares a document type"),
        ("<a>" * 300, "nested more than 100"),
        ("<l><p>" + "<a>" * 150 + "</a>" * 150 + "</p><p><a><b/></a></p></l>", "nested more than 100"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "no encoding"),
        (DOCUMENT.format("Shift_JIS", "x").encode() + b"\x81", "cannot be read"),
    ],
)
def test_refusals_say_what_is_wrong_and_where(content, message):
    with pytest.raises(UnreadableFile, match=message):
        read(content)


@pytest.mark.parametrize(
    ("content", "limits", "message"),
    [
        ("<l>" + "".join(f"<p><a{n}>1</a{n}></p>" for n in range(20)) + "</l>", FileLimits(columns=5), "5 columns"),
        ("<l><p>" + "<a/>" * 100_000 + "</p><p><b/></p></l>", FileLimits(cell_bytes=5_000), "goes on for more than"),
        ("<l><p><a>" + "x" * 300_000 + "</a></p><p><b/></p></l>", FileLimits(cell_bytes=20_000), "goes on for more"),
        (
            "<l><p><a>" + "x" * 90_000 + "</a></p><p><b/></p></l>",
            FileLimits(cell_bytes=80_000),
            '"a" of row or record 1',
        ),
    ],
)
def test_limits_are_named(content, limits, message):
    with pytest.raises(UnreadableFile, match=message):
        rewritten(rewrite_xml, content, limits)
