"""SegOps' document, "Products" and "Facets": every request it prints and its answer, and what the shared spec decides
beside it.
"""

import re
from urllib.parse import quote

import pytest

from tests.walk import csv_file

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SCHEMA = {
    "fields": [
        {"name": "brand", "type": "string", "required": False, "description": "Product brand"},
        {"name": "price", "type": "price", "required": False, "description": "Sale price"},
        {"name": "tags", "type": "array", "required": False, "description": "Product tags"},
    ],
    "default_currency": "USD",
    "default_locale": "en_US",
}
SHOE = {
    "sku": "SHOE-001",
    "name": "Air Max 90",
    "data": {"brand": "Nike", "price": "129.99", "tags": ["running", "casual"]},
}
CREATE = {"sku": "SHOE-002", "name": "Stan Smith", "data": {"brand": "Adidas"}}
CHANGE = {"name": "Updated Name", "data": {"brand": "Adidas", "price": "99.99"}}
BULK = {
    "products": [
        {"sku": "SHOE-001", "name": "Air Max 90", "brand": "Nike", "price": "129.99"},
        {"sku": "SHOE-002", "name": "Stan Smith", "brand": "Adidas", "price": "89.99"},
    ]
}
EAN, OTHER_EAN = "4006381333931", "5901234123457"


@pytest.fixture
def shoe(api):
    """The document's product, under the document's schema."""
    assert api.request("PUT", "/api/pim/schema/", SCHEMA)[0] == 200
    code, made = api.request("POST", "/api/pim/products/", SHOE)
    assert code == 201
    return made


def own(product):
    """A product without what each has of its own."""
    return {name: value for name, value in product.items() if name not in {"id", "created_at", "updated_at"}}


def at(product):
    return f"/api/pim/products/{product['id']}/"


def skus(answer):
    code, page = answer
    assert code == 200, page
    return [product["sku"] for product in page["results"]]


def skus_and_products(api):
    return {product["sku"]: product for product in api.request("GET", "/api/pim/products/")[1]["results"]}


def other(api, walk):
    """The same app with another workspace's key."""
    return type(api)(api.client, walk.api_key, api.drain)


# The document ---------------------------------------------------------------------------------------------------------


def test_the_list_is_as_printed(api, shoe):
    code, page = api.request("GET", "/api/pim/products/")
    assert code == 200
    assert page == {"count": 1, "next": None, "previous": None, "results": [shoe]}
    assert own(shoe) == {**SHOE, "source": "api", "ai_readability_score": None}
    assert list(shoe) == ["id", "sku", "name", "data", "source", "ai_readability_score", "created_at", "updated_at"]
    assert list(shoe["data"]) == ["brand", "price", "tags"]
    assert re.fullmatch(TIME, shoe["created_at"]) and re.fullmatch(TIME, shoe["updated_at"])


def test_the_links_are_as_printed(api, shoe):
    for number in range(51):
        api.request("POST", "/api/pim/products/", {"sku": f"S{number}", "name": "More"})
    _, page = api.request("GET", "/api/pim/products/")
    assert (page["count"], page["next"], page["previous"]) == (52, "/api/pim/products/?page=2", None)
    assert len(page["results"]) == 50
    _, last = api.request("GET", page["next"])
    assert (last["next"], last["previous"]) == (None, "/api/pim/products/?page=1")
    assert len(last["results"]) == 2


def test_one_product(api, shoe):
    path = f"/api/pim/products/{shoe['id']}/"
    assert api.request("GET", path) == (200, shoe)
    assert api.request("GET", path.rstrip("/")) == (200, shoe)


def test_change_as_printed(api, shoe):
    path = f"/api/pim/products/{shoe['id']}/"
    code, changed = api.request("PATCH", path, CHANGE)
    assert code == 200
    assert own(changed) == own(shoe) | {
        "name": "Updated Name",
        "data": {"brand": "Adidas", "price": "99.99", "tags": ["running", "casual"]},
    }
    assert (changed["id"], changed["created_at"]) == (shoe["id"], shoe["created_at"])
    assert api.request("GET", path) == (200, changed)


def test_delete(api, shoe):
    path = f"/api/pim/products/{shoe['id']}/"
    assert api.request("DELETE", path) == (204, None)
    assert api.request("GET", path)[0] == 404
    assert api.request("DELETE", path)[0] == 404
    assert api.request("GET", "/api/pim/products/")[1]["count"] == 0
    assert api.request("GET", "/api/pim/products/?brand=Nike")[1]["count"] == 0


def test_create_as_printed(api, shoe):
    code, made = api.request("POST", "/api/pim/products/", CREATE)
    assert code == 201
    assert own(made) == {**CREATE, "source": "api", "ai_readability_score": None}
    assert api.request("GET", at(made)) == (200, made)


def test_bulk_as_printed(api, shoe):
    assert api.request("POST", "/api/pim/products/bulk/", BULK) == (200, {"created": 1, "updated": 1})
    _, page = api.request("GET", "/api/pim/products/")
    assert [own(product)["data"] for product in page["results"]] == [
        SHOE["data"],
        {"brand": "Adidas", "price": "89.99"},
    ]


def test_filters_and_text_search(api, shoe):
    api.request("POST", "/api/pim/products/", CREATE)
    assert skus(api.request("GET", "/api/pim/products/?brand=Nike")) == ["SHOE-001"]
    assert skus(api.request("GET", "/api/pim/products/?brand=nike")) == []
    assert skus(api.request("GET", "/api/pim/products/?q=SMITH")) == ["SHOE-002"]
    assert skus(api.request("GET", "/api/pim/products/?q=a&brand=Nike")) == ["SHOE-001"]


def test_facets_as_printed(api, shoe):
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"][:2], {"name": "category", "type": "string"}, SCHEMA["fields"][2]]}
    api.request("PUT", "/api/pim/schema/", schema)
    rows = [
        ("Nike", "footwear", ["running", "casual"]),
        ("Puma", "footwear", ["sport", "casual"]),
        ("Adidas", "apparel", ["casual"]),
    ]
    products = [
        {"sku": f"F{number}", "name": "F", "brand": brand, "category": category, "tags": tags}
        for number, (brand, category, tags) in enumerate(rows)
    ]
    api.request("DELETE", at(shoe))
    api.request("POST", "/api/pim/products/bulk/", {"products": products})
    assert api.request("GET", "/api/pim/facets/") == (
        200,
        {
            "brand": ["Adidas", "Nike", "Puma"],
            "category": ["footwear", "apparel"],
            "tags": ["casual", "running", "sport"],
        },
    )
    _, counted = api.request("GET", "/api/pim/facets/?scope=all")
    assert counted["category"] == [{"value": "footwear", "count": 2}, {"value": "apparel", "count": 1}]
    assert counted["tags"][0] == {"value": "casual", "count": 3}
    assert list(counted) == ["brand", "category", "tags"]
    _, narrowed = api.request("GET", "/api/pim/facets/?scope=all&brand=Puma")
    assert narrowed == {
        "brand": [{"value": "Puma", "count": 1}],
        "category": [{"value": "footwear", "count": 1}],
        "tags": [{"value": "casual", "count": 1}, {"value": "sport", "count": 1}],
    }
    assert api.request("GET", "/api/pim/facets/?scope=some")[0] == 422


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"price": 129.99}, {"price": "129.99"}),
        ({"price": "1,299.90 €"}, {"price": "1299.90"}),
        ({"price": {"amount": "5", "currency": "EUR"}}, {"price": "5"}),
        ({"brand": "  Nike "}, {"brand": "Nike"}),
        ({"tags": "running|casual"}, {"tags": ["running", "casual"]}),
        ({"brand": None, "price": "", "tags": []}, {}),
    ],
)
def test_values_are_read_as_an_import_reads_them(api, shoe, sent, stored):
    code, made = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": sent})
    assert (code, made["data"]) == (201, stored)


LONG_INTEGER, LONG_FRACTION = "123456789012345678901234567890", "0.12345678901234567890123"


def test_numbers_keep_every_digit(api):
    fields = [
        {"name": "count", "type": "number"},
        {"name": "ratio", "type": "number"},
        {"name": "price", "type": "price"},
    ]
    api.request("PUT", "/api/pim/schema/", {"fields": fields})
    content = f'{{"count": {LONG_INTEGER}, "ratio": {LONG_FRACTION}, "price": 12345678901234567.89}}'
    head = {"X-API-Key": api.key}
    made = api.client.http.request(
        "POST", "/api/pim/products/", headers=head, body=f'{{"sku": "V", "name": "V", "data": {content}}}'.encode()
    )
    assert made.status_code == 201
    printed = f'"data":{{"count":{LONG_INTEGER},"ratio":{LONG_FRACTION},"price":"12345678901234567.89"}}'.encode()
    assert printed in made.body
    assert printed in api.send("GET", "/api/pim/products/").body
    path, tag = at(made.json_body), made.headers["ETag"]
    exact = api.client.http.request("PATCH", path, headers=head, body=b'{"data": %s}' % content.encode())
    as_floats = api.send("PATCH", path, {"data": {"count": float(LONG_INTEGER), "ratio": float(LONG_FRACTION)}})
    assert (exact.headers["ETag"], as_floats.headers["ETag"]) == (tag, tag)
    api.request("PUT", "/api/pim/schema/", {"fields": [{"name": "count", "type": "string"}]})
    assert f'"count":{LONG_INTEGER},"price"'.encode() in api.send("GET", path).body
    assert f'"ratio":{LONG_FRACTION}'.encode() in api.send("GET", path).body


@pytest.mark.parametrize("depth", [300, 1000])
@pytest.mark.parametrize("frame", ["{}", '{{"amount": {}}}', '{{"amount": 5, "currency": {}}}', '[{{"amount": {}}}]'])
def test_json_within_a_text_may_be_as_deep_as_it_likes(api, frame, depth):
    fields = [
        {"name": "price", "type": "price"},
        {"name": "prices", "type": "multi_price"},
        {"name": "tags", "type": "array"},
    ]
    api.request("PUT", "/api/pim/schema/", {"fields": fields})
    text = frame.format("[" * depth + "]" * depth)
    for field in ("price", "prices"):
        code, problems = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": {field: text}})
        assert (code, list(problems)) == (422, [f"data.{field}"])
    assert api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": {"tags": text}})[0] in {201, 422}


def test_a_nul_hidden_in_a_text_is_refused(api):
    api.request("PUT", "/api/pim/schema/", {"fields": [{"name": "prices", "type": "multi_price"}]})
    data = {"prices": '[{"amount": 5, "locale": "a\\u0000"}]'}
    code, problems = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": data})
    assert (code, list(problems)) == (422, ["data.prices"])


WRITTEN = {
    "en_US": {
        "string": "=A, b ",
        "number": "1,234.50",
        "boolean": "yes",
        "array": "red|blue|red",
        "url": "//example.org/a?b=1",
        "price": "1,234.560 €",
        "multi_price": "5.10 EUR; 6 USD",
        "datetime": "12/31/2026 6:30 PM",
    },
    "de_DE": {
        "string": "007",
        "number": "-1.234",
        "boolean": "nein",
        "array": '["rot", 1.5, true]',
        "url": "HTTPS://Example.org",
        "price": "1.234",
        "multi_price": '[{"amount": "1,5", "currency": "GBP", "locale": "en_GB"}]',
        "datetime": "01.02.2026",
    },
}


@pytest.mark.parametrize("locale", WRITTEN)
def test_every_way_in_stores_the_same(api, walk, locale):
    written = WRITTEN[locale]
    fields = [{"name": f"f_{name}", "type": name} for name in written]
    schema = {"fields": fields, "default_currency": "EUR", "default_locale": locale}
    assert api.request("PUT", "/api/pim/schema/", schema)[0] == 200
    data = {f"f_{name}": text for name, text in written.items()}
    assert api.request("POST", "/api/pim/products/", {"sku": "POST", "name": "V", "data": data})[0] == 201
    _, bare = api.request("POST", "/api/pim/products/", {"sku": "PATCH", "name": "V"})
    assert api.request("PATCH", at(bare), {"data": data})[0] == 200
    api.request("POST", "/api/pim/products/bulk/", {"products": [{"sku": "BULK", "name": "V", **data}]})
    _, upload = api.upload(csv_file([("CSV", "V", *data.values())], ("sku", "name", *data)))
    mapping = {header: header for header in upload["headers"]}
    api.request("POST", f"/api/pim/import/{upload['job_id']}/confirm/", {"mapping": mapping})
    api.drain()
    made = walk.by_sku()
    assert made.keys() == {"POST", "PATCH", "BULK", "CSV"}
    assert all(product.data == made["CSV"].data for product in made.values())
    assert made["CSV"].data.keys() == data.keys()


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_TN", "xx"])
@pytest.mark.parametrize("expand", ["", "?expand=price"])
def test_what_was_printed_can_be_sent_back_in_any_locale(api, locale, expand):
    fields = [{"name": "price", "type": "price"}, {"name": "prices", "type": "multi_price"}]
    api.request("PUT", "/api/pim/schema/", {"fields": fields, "default_currency": "TND", "default_locale": locale})
    data = {"price": 1.234, "prices": [{"amount": 1.234, "currency": "EUR"}]}
    _, made = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": data})
    assert made["data"]["price"] == "1.234"
    printed = api.request("GET", f"{at(made)}{expand}")[1]
    assert api.request("PATCH", at(made), {**printed, "name": "Changed"})[1]["data"] == made["data"]


def test_null_blank_and_empty_list_remove_a_field(api, shoe):
    _, changed = api.request("PATCH", at(shoe), {"data": {"brand": None, "price": " ", "tags": []}})
    assert changed["data"] == {}


def test_every_problem_is_named(api, shoe):
    nested = []
    for _ in range(90):
        nested = [nested]
    data = {"price": "free", "tags": {"a": 1}, "q": "x", "sku": "x", "bad name": 1, "odd": {"a": 1}, "deep": nested}
    code, problems = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": data, "ean": "123"})
    assert code == 422
    assert set(problems) == {
        "ean",
        "data.price",
        "data.tags",
        "data.q",
        "data.sku",
        "data.bad name",
        "data.odd",
        "data.deep",
    }
    for field in ("brand", "price", "tags"):
        assert list(api.request("PATCH", at(shoe), {"data": {field: nested}})[1]) == [f"data.{field}"]
    assert "free" in problems["data.price"][0]
    assert api.request("PATCH", at(shoe), {"data": data})[0] == 422
    assert api.request("GET", "/api/pim/schema/")[1]["fields"] == SCHEMA["fields"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"sku": " ", "name": "V"}, "sku"),
        ({"sku": "x" * 256, "name": "V"}, "sku"),
        ({"sku": "V", "name": " "}, "name"),
        ({"sku": "V"}, "name"),
        ({"sku": 5, "name": "V"}, "sku"),
        ({"sku": "V", "name": "V", "price": "5"}, "price"),
        ({"sku": "V", "name": "V", "data": []}, "data"),
        ({"sku": "V", "name": "V", "ean": EAN, "data": {"ean": OTHER_EAN}}, "ean"),
    ],
)
def test_what_cannot_be_created_is_named(api, body, named):
    code, problems = api.request("POST", "/api/pim/products/", body)
    assert code == 422
    assert list(problems) == [named]


def test_a_taken_sku_names_its_product(api, shoe):
    code, problem = api.request("POST", "/api/pim/products/", {"sku": "SHOE-001", "name": "Again"})
    assert code == 409
    assert f"product {shoe['id']};" in problem["sku"][0]


def test_an_ean_is_checked_kept_and_owned_once(api, shoe):
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "ean", "type": "string"}]}
    api.request("PUT", "/api/pim/schema/", schema)
    code, made = api.request("POST", "/api/pim/products/", {**CREATE, "ean": EAN})
    assert (code, made["data"]["ean"]) == (201, EAN)
    assert api.request("PATCH", at(shoe), {"data": {"ean": EAN}})[0] == 409
    assert api.request("PATCH", at(shoe), {"ean": EAN.replace("1", "2")})[0] == 422
    assert skus(api.request("GET", f"/api/pim/products/?ean={EAN}")) == ["SHOE-002"]
    assert api.request("PATCH", at(made), {"ean": None})[1]["data"] == {"brand": "Adidas"}
    assert api.request("PATCH", at(shoe), {"ean": EAN})[1]["data"]["ean"] == EAN


def test_a_required_field_is_demanded_and_cannot_be_removed(api, shoe):
    fields = [{**SCHEMA["fields"][0], "required": True}, *SCHEMA["fields"][1:]]
    api.request("PUT", "/api/pim/schema/", {**SCHEMA, "fields": fields})
    code, problems = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V"})
    assert (code, list(problems)) == (422, ["data.brand"])
    assert list(api.request("PATCH", at(shoe), {"data": {"brand": ""}})[1]) == ["data.brand"]
    assert api.request("PATCH", at(shoe), {"data": {"price": None}})[0] == 200


def test_a_schema_has_a_thousand_fields_at_most(api):
    fields = [{"name": f"f{number}", "type": "string"} for number in range(1_001)]
    assert api.request("PUT", "/api/pim/schema/", {"fields": fields[1:]})[0] == 200
    code, problems = api.request("PUT", "/api/pim/schema/", {"fields": fields})
    assert (code, list(problems)) == (422, ["fields"])
    _, upload = api.upload(csv_file([("A", "A")], ("sku", "name")))
    confirmed = {"mapping": {"sku": "sku", "name": "name"}, "schema": fields}
    code, problems = api.request("POST", f"/api/pim/import/{upload['job_id']}/confirm/", confirmed)
    assert (code, list(problems)) == (422, ["schema"])
    code, problems = api.request("POST", "/api/pim/products/", {"sku": "A", "name": "A", "data": {"f0": "x"}})
    assert (code, list(problems)) == (422, ["f0"])


def test_new_names_become_fields_of_the_type_they_speak_for(api):
    data = {
        "brand": "Nike",
        "price": "129.99",
        "stock": 45,
        "tags": ["running"],
        "active": True,
        "released": "2026-05-03",
        "image": "https://example.org/a.png",
        "cost": {"amount": 5, "currency": "EUR"},
        "prices": [{"amount": 5, "currency": "EUR"}],
        "nothing": None,
    }
    code, made = api.request("POST", "/api/pim/products/", {"sku": "V", "name": "V", "data": data})
    assert code == 201
    _, schema = api.request("GET", "/api/pim/schema/")
    assert [(field["name"], field["type"], field["description"]) for field in schema["fields"]] == [
        ("brand", "string", ""),
        ("price", "price", ""),
        ("stock", "number", ""),
        ("tags", "array", ""),
        ("active", "boolean", ""),
        ("released", "datetime", ""),
        ("image", "url", ""),
        ("cost", "price", ""),
        ("prices", "multi_price", ""),
    ]
    assert made["data"]["released"] == "2026-05-03T00:00:00Z"
    assert made["data"]["prices"] == [{"amount": "5", "currency": "EUR", "locale": "en_US"}]


def test_prices_are_expanded_when_asked(api, shoe):
    expanded = {**shoe, "data": {**shoe["data"], "price": {"amount": "129.99", "currency": "USD"}}}
    assert api.request("GET", f"{at(shoe)}?expand=price") == (200, expanded)
    assert api.request("GET", "/api/pim/products/?expand=price")[1]["results"] == [expanded]
    assert api.request("GET", f"{at(shoe)}?expand=brand")[0] == 422
    assert api.request("GET", "/api/pim/products/?expand=brand")[0] == 422


# Versions -------------------------------------------------------------------------------------------------------------


def test_a_product_that_is_known_is_not_sent_again(api, shoe):
    tag = api.send("GET", at(shoe)).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = api.send("GET", at(shoe), headers={"If-None-Match": known})
        assert (answer.status_code, answer.body, answer.headers["ETag"]) == (304, b"", tag)
    assert api.send("GET", at(shoe), headers={"If-None-Match": '"x"'}).status_code == 200


def test_if_match_must_name_the_version(api, shoe):
    tag = api.send("GET", at(shoe)).headers["ETag"]
    assert api.send("PATCH", at(shoe), CHANGE, {"If-Match": '"0"'}).status_code == 412
    changed = api.send("PATCH", at(shoe), CHANGE, {"If-Match": f'"0", {tag}'})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == api.send("GET", at(shoe)).headers["ETag"] != tag
    assert api.send("PATCH", at(shoe), {"name": "X"}, {"If-Match": tag}).status_code == 412
    assert api.send("DELETE", at(shoe), headers={"If-Match": tag}).status_code == 412
    assert api.send("PATCH", at(shoe), {"name": "X"}, {"If-Match": "*"}).status_code == 200


def test_a_change_that_changes_nothing_keeps_the_version(api, shoe):
    before = api.send("GET", at(shoe))
    same = api.send("PATCH", at(shoe), {"name": shoe["name"], "data": {**shoe["data"], "absent": None}})
    assert (same.status_code, same.json_body) == (200, shoe)
    assert same.headers["ETag"] == before.headers["ETag"]
    written_otherwise = api.request("PATCH", at(shoe), {"data": {"price": "129.990"}})[1]
    assert written_otherwise["data"]["price"] == "129.990"


def test_a_whole_product_can_be_sent_back(api, shoe):
    assert api.request("PATCH", at(shoe), shoe) == (200, shoe)
    code, problems = api.request("PATCH", at(shoe), {**shoe, "sku": "OTHER"})
    assert (code, list(problems)) == (422, ["sku"])
    assert api.request("PATCH", at(shoe), {"colour": "red"})[0] == 422


# Bulk -----------------------------------------------------------------------------------------------------------------


def test_bulk_saves_the_good_ones_and_names_what_is_wrong_with_the_others(api, shoe):
    products = [
        {"sku": "SHOE-001", "price": "free"},
        {"sku": "NEW"},
        {"sku": "A", "name": "A", "data": {"brand": "Nike", "fresh": 5}},
        {"name": "no sku"},
        {"sku": "B", "name": "B", "ean": "1"},
        {"sku": "A", "brand": "Puma"},
        {"sku": "SHOE-001", "price": None},
        {"sku": "C", "name": " "},
        {"sku": "D", "name": "D", "data": 5},
        {"sku": "E", "name": "E", "unwanted": {"a": 1}},
    ]
    code, done = api.request("POST", "/api/pim/products/bulk/", {"products": products})
    assert code == 200
    assert (done["created"], done["updated"]) == (1, 2)
    assert [(each["index"], each["sku"], list(each["errors"])) for each in done["errors"]] == [
        (0, "SHOE-001", ["price"]),
        (1, "NEW", ["name"]),
        (3, "", ["sku"]),
        (4, "B", ["ean"]),
        (7, "C", ["name"]),
        (8, "D", ["data"]),
        (9, "E", ["unwanted"]),
    ]
    _, page = api.request("GET", "/api/pim/products/?sort=sku")
    assert [(each["sku"], each["data"]) for each in page["results"]] == [
        ("A", {"brand": "Puma", "fresh": 5}),
        ("SHOE-001", {"brand": "Nike", "tags": ["running", "casual"]}),
    ]
    names = [field["name"] for field in api.request("GET", "/api/pim/schema/")[1]["fields"]]
    assert names == ["brand", "price", "tags", "fresh"]


def test_bulk_gives_each_ean_one_owner(api, shoe):
    api.request("PATCH", at(shoe), {"ean": EAN})
    products = [
        {"sku": "A", "name": "A", "ean": EAN},
        {"sku": "B", "name": "B", "ean": OTHER_EAN},
        {"sku": "C", "name": "C", "ean": f"0{OTHER_EAN}"},
        {"sku": "SHOE-001", "ean": EAN},
    ]
    _, done = api.request("POST", "/api/pim/products/bulk/", {"products": products})
    assert (done["created"], done["updated"]) == (1, 1)
    assert [(each["sku"], list(each["errors"])) for each in done["errors"]] == [("A", ["ean"]), ("C", ["ean"])]


def test_an_unchanged_product_counts_as_updated_and_is_not_rewritten(api, shoe):
    tag = api.send("GET", at(shoe)).headers["ETag"]
    item = {"sku": shoe["sku"], "name": shoe["name"], **shoe["data"]}
    assert api.request("POST", "/api/pim/products/bulk/", {"products": [item]})[1] == {"created": 0, "updated": 1}
    assert api.send("GET", at(shoe)).headers["ETag"] == tag


def test_bulk_takes_500_and_no_more(api):
    products = [{"sku": f"S{number:03d}", "name": f"Shoe {number}"} for number in range(501)]
    assert api.request("POST", "/api/pim/products/bulk/", {"products": products})[0] == 422
    assert api.request("POST", "/api/pim/products/bulk/", {"products": products[:500]})[1]["created"] == 500
    assert api.request("POST", "/api/pim/products/bulk/", {"products": []}) == (200, {"created": 0, "updated": 0})
    assert api.request("POST", "/api/pim/products/bulk/", {"products": [5]})[0] == 422


# Lists ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(api):
    """23 products: P00 … P22, of two brands, named in the opposite order."""
    products = [
        {"sku": f"P{number:02d}", "name": f"Shoe {99 - number} 100%_\\", "brand": "Nike" if number % 3 else "Puma"}
        for number in range(23)
    ]
    api.request("POST", "/api/pim/products/bulk/", {"products": products})
    return [product["sku"] for product in products]


@pytest.mark.parametrize("sort", ["id", "sku", "name", "created_at", "updated_at"])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("start", ["page=1", "cursor=", "cursor=*"])
@pytest.mark.parametrize("narrowed", ["", "&q=shoe"])
def test_every_way_of_paging_shows_each_product_once_and_in_order(api, many, sort, sign, start, narrowed):
    path = f"/api/pim/products/?{start}&page_size=5&sort={sign}{sort}{narrowed}"
    seen = []
    while path:
        code, page = api.request("GET", path)
        assert (code, page["count"]) == (200, 23)
        seen += skus((code, page))
        path = page["next"]
    assert seen == (many[::-1] if (sign == "-") != (sort == "name") else many)


def test_numbered_links_keep_the_other_parameters(api, many):
    _, page = api.request("GET", "/api/pim/products/?brand=Nike&page_size=2&page=3&sort=-sku")
    assert page["next"] == "/api/pim/products/?brand=Nike&page_size=2&page=4&sort=-sku"
    assert page["previous"] == "/api/pim/products/?brand=Nike&page_size=2&page=2&sort=-sku"
    assert page["count"] == 15


def test_a_cursor_does_not_shift_when_products_come_and_go(api, many):
    _, page = api.request("GET", "/api/pim/products/?cursor=*&page_size=5&sort=sku")
    api.request("DELETE", at(page["results"][0]))
    api.request("POST", "/api/pim/products/", {"sku": "A-FIRST", "name": "First"})
    assert skus(api.request("GET", page["next"])) == many[5:10]
    assert page["previous"] is None


@pytest.mark.parametrize(
    "query",
    [
        "cursor=nonsense",
        "cursor=WyJpZCIsIjUiLDZd",
        "cursor=WyJ1cGRhdGVkX2F0IiwieCIsNl0",
        "cursor=%00",
        "sort=price",
        "page=0",
        "page=x",
        "page_size=201",
        "updated_since=yesterday",
        "semantic=warm",
    ],
)
def test_what_cannot_be_listed_is_named(api, query):
    code, problems = api.request("GET", f"/api/pim/products/?{query}")
    assert (code, list(problems)) == (422, [query.partition("=")[0]])


def test_a_cursor_of_another_order_is_refused(api, many):
    _, page = api.request("GET", "/api/pim/products/?cursor=*&page_size=5&sort=sku")
    assert api.request("GET", page["next"].replace("sort=sku", "sort=name"))[0] == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("price=129.99", ["A"]),
        ("price=129.990", ["A"]),
        ("price=%24129.99", ["A"]),
        ("price=free", []),
        ("tags=red", ["A"]),
        ("tags=re", []),
        ("stock=45", ["A"]),
        ("stock=45.0", ["A"]),
        ("active=yes", ["A"]),
        ("released=2026-05-03", ["A"]),
        ("prices=5", ["A"]),
        ("q=100%25", ["A"]),
        ("q=50%25", []),
        ("unknown=x", []),
        ("bad%20name=x", []),
        ("brand=", ["A", "B"]),
        ("q=%20", ["A", "B"]),
        ("source=api", ["A", "B"]),
        ("sku=B", ["B"]),
        ("limit=1", ["A", "B"]),
        ("page=1&page_size=10&expand=price&sort=id", ["A", "B"]),
        (f"brand={quote(chr(39))}%20OR%201=1", []),
    ],
)
def test_a_filter_is_read_by_its_fields_type(api, query, found):
    data = {
        "brand": "Nike",
        "price": "129.99",
        "tags": ["red", "blue"],
        "stock": 45,
        "active": True,
        "released": "2026-05-03",
        "prices": [{"amount": 5, "currency": "EUR"}],
    }
    api.request("POST", "/api/pim/products/", {"sku": "A", "name": "100% wool", "data": data})
    api.request("POST", "/api/pim/products/", {"sku": "B", "name": "Plain"})
    assert skus(api.request("GET", f"/api/pim/products/?{query}")) == found


def test_updated_since_and_the_moment_to_go_on_from(api, shoe):
    _, first = api.request("GET", "/api/pim/products/?updated_since=2026-01-01")
    assert skus((200, first)) == ["SHOE-001"]
    since = first["synced_until"]
    assert skus(api.request("GET", f"/api/pim/products/?updated_since={since}")) == []
    api.request("PATCH", at(shoe), CHANGE)
    _, second = api.request("GET", f"/api/pim/products/?updated_since={since}")
    assert skus((200, second)) == ["SHOE-001"]
    assert second["synced_until"] > since
    for extreme in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        assert api.request("GET", f"/api/pim/products/?updated_since={extreme}")[0] == 200


# Access ---------------------------------------------------------------------------------------------------------------


def test_a_page_that_could_not_be_carried_says_so(api):
    """Lambda would cut it off, and API Gateway answer 502."""
    text = "long " * 40_000
    for first in range(0, 24, 4):
        some = [{"sku": f"S-{first + more}", "name": "Long", "notes": text} for more in range(4)]
        assert api.request("POST", "/api/pim/products/bulk", {"products": some})[0] == 200
    code, refused = api.request("GET", "/api/pim/products/")
    assert (code, set(refused)) == (413, {"detail"})
    assert "page_size" in refused["detail"]
    assert len(api.request("GET", "/api/pim/products/?page_size=10")[1]["results"]) == 10


def test_another_workspaces_product_is_not_there(api, shoe, other_walk):
    stranger = other(api, other_walk)
    for method, body in (("GET", None), ("PATCH", CHANGE), ("DELETE", None)):
        assert stranger.request(method, at(shoe), body)[0] == 404
    assert stranger.request("POST", "/api/pim/products/", SHOE)[0] == 201
    stranger.request("PATCH", at(skus_and_products(stranger)["SHOE-001"]), {"data": {"brand": "Theirs"}})
    assert stranger.request("GET", "/api/pim/facets/?scope=all")[1]["brand"] == [{"value": "Theirs", "count": 1}]
    assert api.request("GET", "/api/pim/facets/")[1]["brand"] == ["Nike"]
    assert skus(stranger.request("GET", "/api/pim/products/?brand=Nike")) == []
    assert api.request("GET", at(shoe)) == (200, shoe)
