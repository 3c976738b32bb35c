"""SegOps' documents: every request printed for product segments and its answer; and the shared decisions on them."""

import json
import re

import pytest

SEGMENTS = "/api/product-segments/"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

SCHEMA = {
    "fields": [
        {"name": "category", "type": "string"},
        {"name": "price", "type": "price"},
        {"name": "prices", "type": "multi_price"},
        {"name": "weight", "type": "number"},
        {"name": "tags", "type": "array"},
    ],
    "default_currency": "USD",
    "default_locale": "en_US",
}
PRODUCTS = [
    {"sku": "SKU-001", "name": "Air Runner X", "category": "running", "price": "129.99", "tags": ["red", "new"]},
    {"sku": "SKU-002", "name": "Road Runner", "category": "running", "price": "150.00"},
    {"sku": "SKU-003", "name": "Gold Runner", "category": "running", "price": "150.01"},
    {"sku": "SKU-004", "name": "Stan Smith", "category": "casual", "price": "89.99"},
    {"sku": "SKU-005", "name": "No price", "category": "running"},
]
DEFINITION = {
    "logic": "AND",
    "conditions": [
        {
            "type": "product_attribute",
            "property": "category",
            "operator": "eq",
            "value": "running",
            "value_type": "string",
        },
        {"type": "product_attribute", "property": "price", "operator": "lte", "value": 150, "value_type": "number"},
    ],
}
PRINTED = {"name": "Running shoes under $150", "description": "Optional", "is_active": False, "definition": DEFINITION}
SEGMENT_KEYS = {
    "id",
    "name",
    "description",
    "is_active",
    "definition",
    "computed_count",
    "last_computed_at",
    "refresh_interval",
    "created_at",
    "updated_at",
}
ALL = {"type": "all_products"}


@pytest.fixture
def shop(api):
    """A catalogue with a schema, and nothing left to do."""
    assert api.request("PUT", "/api/pim/schema/", SCHEMA)[0] == 200
    assert api.request("POST", "/api/pim/products/bulk/", {"products": PRODUCTS}) == (200, {"created": 5, "updated": 0})
    api.drain()
    return api


def made(api, definition=DEFINITION, **said):
    """The id of a segment."""
    code, segment = api.request("POST", SEGMENTS, {"name": "A segment", "definition": definition, **said})
    assert code == 201, segment
    return segment["id"]


def computed(api, definition=DEFINITION, **said):
    """The id of a segment that was computed."""
    number = made(api, definition, **said)
    compute(api, number)
    return number


def compute(api, number):
    assert api.request("POST", f"{SEGMENTS}{number}/compute/") == (200, {"status": "queued", "segment_id": number})
    api.drain()


def leaf(**said):
    return {"type": "product_attribute", **said}


def reading(*segment_ids, operator="in"):
    return {"type": "segment_membership", "operator": operator, "value": list(segment_ids)}


def skus_of(api, number, query=""):
    return [each["sku"] for each in api.request("GET", f"{SEGMENTS}{number}/members/{query}")[1]["results"]]


# Kept -----------------------------------------------------------------------------------------------------------------


def test_a_segment_is_made_as_printed(shop):
    code, segment = shop.request("POST", SEGMENTS, PRINTED)
    assert code == 201
    assert set(segment) == SEGMENT_KEYS | {"status", "last_error", "next_refresh_at"}
    assert {name: segment[name] for name in PRINTED} == PRINTED
    assert (segment["computed_count"], segment["last_computed_at"], segment["refresh_interval"]) == (0, None, 60)
    assert (segment["status"], segment["last_error"], segment["next_refresh_at"]) == ("never_computed", "", None)
    assert re.fullmatch(TIME, segment["created_at"]) and segment["updated_at"] == segment["created_at"]
    assert shop.request("GET", f"{SEGMENTS}{segment['id']}/") == (200, segment)


def test_a_definition_comes_back_as_it_was_sent(shop):
    definition = {
        "conditions": [
            leaf(property="weight", operator="in", value=[1, 2.50, -0.1, 12345678901234567890]),
            {"not": leaf(property="category", operator="contains", value='"quoted" \\ ünïcode', note="kept too")},
        ]
    }
    assert shop.request("GET", f"{SEGMENTS}{made(shop, definition)}/")[1]["definition"] == definition


def test_segments_are_active_and_hourly_unless_said_otherwise(shop):
    _, segment = shop.request("POST", SEGMENTS, {"name": "  All  ", "definition": ALL})
    assert (segment["name"], segment["description"], segment["is_active"]) == ("All", "", True)
    assert segment["refresh_interval"] == 60
    assert re.fullmatch(TIME, segment["next_refresh_at"])


def test_segments_are_listed_in_the_order_of_making(shop):
    assert shop.request("GET", SEGMENTS) == (200, [])
    numbers = [made(shop, name=f"Segment {each}") for each in range(3)]
    code, listed = shop.request("GET", SEGMENTS)
    assert (code, [each["id"] for each in listed]) == (200, numbers)
    assert all(set(each) >= SEGMENT_KEYS for each in listed)


def test_a_patch_changes_what_it_says_and_leaves_the_rest(shop):
    number = made(shop, description="Before", refresh_interval=30)
    before = shop.request("GET", f"{SEGMENTS}{number}/")[1]
    code, after = shop.request("PATCH", f"{SEGMENTS}{number}/", {"name": "Another", "is_active": False})
    assert code == 200
    unlike = {name for name in before if before[name] != after[name]} - {"updated_at"}
    assert unlike == {"name", "is_active", "next_refresh_at"}
    assert after["next_refresh_at"] is None
    _, again = shop.request("PATCH", f"{SEGMENTS}{number}/", {"is_active": True, "definition": ALL})
    assert (again["definition"], again["name"], again["description"]) == (ALL, "Another", "Before")
    assert again["next_refresh_at"]


def test_a_deleted_segment_is_gone(shop):
    number = computed(shop)
    assert shop.request("DELETE", f"{SEGMENTS}{number}/") == (204, None)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "compute/"), ("GET", "members/")):
        body = {} if method == "PATCH" else None
        assert shop.request(method, f"{SEGMENTS}{number}/{path}", body)[0] == 404
    assert shop.request("GET", SEGMENTS) == (200, [])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"definition": ALL}, "name"),
        ({"name": "", "definition": ALL}, "name"),
        ({"name": "   ", "definition": ALL}, "name"),
        ({"name": "x" * 201, "definition": ALL}, "name"),
        ({"name": 7, "definition": ALL}, "name"),
        ({"name": "x"}, "definition"),
        ({"name": "x", "definition": []}, "definition"),
        ({"name": "x", "definition": None}, "definition"),
        ({"name": "x", "definition": ALL, "refresh_interval": 4}, "refresh_interval"),
        ({"name": "x", "definition": ALL, "refresh_interval": 1}, "refresh_interval"),
        ({"name": "x", "definition": ALL, "refresh_interval": -5}, "refresh_interval"),
        ({"name": "x", "definition": ALL, "refresh_interval": 10**12}, "refresh_interval"),
        ({"name": "x", "definition": ALL, "is_active": "yes"}, "is_active"),
        ({"name": "x", "definition": ALL, "description": None}, "description"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(shop, said, field):
    code, answer = shop.request("POST", SEGMENTS, said)
    assert (code, list(answer)) == (422, [field])
    if "definition" in said and "name" in said:
        number = made(shop)
        code, answer = shop.request("PATCH", f"{SEGMENTS}{number}/", said)
        assert (code, list(answer)) == (422, [field])


@pytest.mark.parametrize("interval", [0, 5, 1440])
def test_an_interval_is_none_or_at_least_five_minutes(shop, interval):
    assert shop.request("POST", SEGMENTS, {**PRINTED, "refresh_interval": interval})[0] == 201


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({"conditions": [leaf(property="nothing", operator="eq", value=1)]}, "definition.conditions[0].property"),
        (
            {"conditions": [ALL, leaf(property="price", operator="contains", value="1")]},
            "definition.conditions[1].operator",
        ),
        ({"conditions": [leaf(property="price", operator="lte", value="cheap")]}, "definition.conditions[0].value"),
        ({"not": leaf(property="category", operator="eq")}, "definition.not.value"),
        ({"conditions": []}, "definition.conditions"),
        ({"conditions": [{"type": "user_behavior_signal"}]}, "definition.conditions[0].type"),
        ({"conditions": [ALL, reading(999_999_999)]}, "definition.conditions[1].value"),
    ],
)
def test_a_wrong_condition_is_refused_by_its_path_at_save_and_at_preview(shop, definition, path):
    for method, place, body in (
        ("POST", SEGMENTS, {"name": "x", "definition": definition}),
        ("PATCH", f"{SEGMENTS}{made(shop)}/", {"definition": definition}),
        ("POST", f"{SEGMENTS}preview/", {"definition": definition}),
    ):
        code, answer = shop.request(method, place, body)
        assert (code, list(answer)) == (422, [path]), (method, place, answer)
    code, answer = shop.request("POST", f"{SEGMENTS}preview/", definition)
    assert (code, list(answer)) == (422, [path.removeprefix("definition.")])


@pytest.mark.parametrize("levels", [101, 250, 900])
def test_what_is_nested_without_end_is_refused_at_save_and_at_preview(shop, levels):
    note = "[" * levels + "]" * levels
    definition = json.loads(f'{{"type": "all_products", "note": {note}}}')
    said = {"name": "x", "definition": definition}
    for method, place, body in (
        ("POST", SEGMENTS, said),
        ("PATCH", f"{SEGMENTS}{made(shop)}/", said),
        ("POST", f"{SEGMENTS}preview/", definition),
    ):
        code, answer = shop.request(method, place, body)
        assert (code, list(answer)) == (422, ["body"])
    assert shop.request("GET", SEGMENTS)[0] == 200


def test_a_segment_others_read_is_not_deleted_and_says_who_reads_it(shop):
    inner = made(shop, name="Inner")
    outer = made(shop, reading(inner), name="Outer")
    code, answer = shop.request("DELETE", f"{SEGMENTS}{inner}/")
    assert code == 409
    assert f'"Outer" ({outer})' in answer["detail"]
    assert shop.request("DELETE", f"{SEGMENTS}{outer}/")[0] == 204
    assert shop.request("DELETE", f"{SEGMENTS}{inner}/")[0] == 204


def test_segments_cannot_read_themselves_also_not_through_others(shop):
    first = made(shop, name="First")
    second = made(shop, reading(first), name="Second")
    third = made(shop, {"conditions": [ALL, reading(second)]}, name="Third")
    code, answer = shop.request("PATCH", f"{SEGMENTS}{first}/", {"definition": {"conditions": [ALL, reading(third)]}})
    assert (code, list(answer)) == (422, ["definition.conditions[1].value"])
    assert (
        f'"First" ({first}) → "Third" ({third}) → "Second" ({second}) → "First" ({first})'
        in answer["definition.conditions[1].value"][0]
    )
    code, answer = shop.request("PATCH", f"{SEGMENTS}{first}/", {"definition": reading(first)})
    assert (code, list(answer)) == (422, ["definition.value"])


# Previewed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [DEFINITION, {"definition": DEFINITION}, {"definition": DEFINITION, "limit": 100}])
def test_a_preview_counts_samples_and_shows_its_statement(shop, body):
    code, preview = shop.request("POST", f"{SEGMENTS}preview/", body)
    assert code == 200
    assert (preview["matched_count"], preview["sample_skus"]) == (2, ["SKU-001", "SKU-002"])
    assert re.fullmatch(
        r"SELECT sku FROM products FINAL WHERE workspace = \{workspace:UInt64\} AND \(.+\) ORDER BY sku", preview["sql"]
    )
    assert "running" not in preview["sql"]
    assert "running" in preview["parameters"].values()
    assert set(re.findall(r"\{(\w+):", preview["sql"])) == set(preview["parameters"])


def test_a_previews_sample_is_ten_or_what_was_asked(shop):
    products = [{"sku": f"MORE-{number:03}", "name": "More"} for number in range(120)]
    shop.request("POST", "/api/pim/products/bulk/", {"products": products})
    for limit, expected in ((None, 10), (1, 1), (100, 100)):
        asked = {} if limit is None else {"limit": limit}
        _, preview = shop.request("POST", f"{SEGMENTS}preview/", {"definition": ALL, **asked})
        assert (preview["matched_count"], len(preview["sample_skus"])) == (125, expected)
        assert preview["sample_skus"] == sorted(preview["sample_skus"])
        assert preview["sample_skus"][0] == "MORE-000"


@pytest.mark.parametrize("limit", [0, 101, -1, "10", 1.5, True, None])
def test_a_limit_out_of_bounds_is_refused(shop, limit):
    code, answer = shop.request("POST", f"{SEGMENTS}preview/", {"definition": ALL, "limit": limit})
    assert (code, list(answer)) == (422, ["limit"])


def test_a_preview_keeps_nothing(shop):
    shop.request("POST", f"{SEGMENTS}preview/", DEFINITION)
    assert shop.request("GET", SEGMENTS) == (200, [])


def test_nobody_is_in_a_segment_that_was_never_computed(shop):
    never = made(shop)
    assert shop.request("POST", f"{SEGMENTS}preview/", reading(never))[1]["matched_count"] == 0
    assert shop.request("POST", f"{SEGMENTS}preview/", reading(never, operator="not_in"))[1]["matched_count"] == 5


# Computed -------------------------------------------------------------------------------------------------------------


def test_a_compute_is_queued_and_the_segment_tells_when_it_is_done(shop):
    number = made(shop)
    path = f"{SEGMENTS}{number}/"
    assert shop.request("POST", f"{path}compute/") == (200, {"status": "queued", "segment_id": number})
    assert shop.request("GET", path)[1]["status"] == "queued"
    shop.drain()
    segment = shop.request("GET", path)[1]
    assert (segment["status"], segment["computed_count"], segment["last_error"]) == ("ready", 2, "")
    assert re.fullmatch(TIME, segment["last_computed_at"])
    assert segment["next_refresh_at"] > segment["last_computed_at"]


def test_inactive_segments_are_computed_by_hand(shop):
    number = computed(shop, is_active=False)
    segment = shop.request("GET", f"{SEGMENTS}{number}/")[1]
    assert (segment["computed_count"], segment["next_refresh_at"]) == (2, None)


def test_a_definition_that_no_longer_holds_fails_with_the_condition_and_keeps_its_set(shop):
    number = computed(shop, is_active=False)
    fields = [field for field in SCHEMA["fields"] if field["name"] != "category"]
    assert shop.request("PUT", "/api/pim/schema/", {"fields": fields})[0] == 200
    compute(shop, number)
    segment = shop.request("GET", f"{SEGMENTS}{number}/")[1]
    assert segment["status"] == "failed"
    assert "conditions[0].property" in segment["last_error"]
    assert segment["computed_count"] == 2
    assert skus_of(shop, number) == ["SKU-001", "SKU-002"]
    assert shop.request("PUT", "/api/pim/schema/", SCHEMA)[0] == 200
    compute(shop, number)
    segment = shop.request("GET", f"{SEGMENTS}{number}/")[1]
    assert (segment["status"], segment["last_error"]) == ("ready", "")


def test_a_segment_of_segments_reads_their_members(shop):
    running = computed(shop)
    expensive = computed(shop, leaf(property="price", operator="gte", value=150))
    both = computed(shop, {"conditions": [reading(running), reading(expensive)]})
    either = computed(shop, reading(running, expensive))
    neither = computed(shop, reading(running, expensive, operator="not_in"))
    assert skus_of(shop, both) == ["SKU-002"]
    assert skus_of(shop, either) == ["SKU-001", "SKU-002", "SKU-003"]
    assert skus_of(shop, neither) == ["SKU-004", "SKU-005"]


# Members --------------------------------------------------------------------------------------------------------------


def test_members_are_printed_with_prices_as_numbers(shop):
    prices = [{"amount": "12.50", "currency": "EUR", "locale": "fr_FR"}]
    shop.request("POST", "/api/pim/products/bulk/", {"products": [{"sku": "SKU-001", "prices": prices, "weight": 0.1}]})
    number = computed(shop)
    code, page = shop.request("GET", f"{SEGMENTS}{number}/members/")
    assert code == 200
    assert re.fullmatch(TIME, page.pop("last_computed_at"))
    assert page == {
        "count": 2,
        "results": [
            {
                "sku": "SKU-001",
                "name": "Air Runner X",
                "data": {
                    "category": "running",
                    "price": 129.99,
                    "prices": [{"amount": 12.5, "currency": "EUR", "locale": "fr_FR"}],
                    "weight": 0.1,
                    "tags": ["red", "new"],
                },
            },
            {"sku": "SKU-002", "name": "Road Runner", "data": {"category": "running", "price": 150.0}},
        ],
        "next_cursor": None,
    }


def test_a_member_shows_what_is_stored_also_where_the_field_is_of_another_type_now(shop):
    number = computed(shop, {"type": "sku_list", "value": ["SKU-001"]})
    types = {"tags": "multi_price", "price": "array", "category": "price"}
    fields = [{**each, "type": types.get(each["name"], each["type"])} for each in SCHEMA["fields"]]
    assert shop.request("PUT", "/api/pim/schema/", {"fields": fields})[0] == 200
    data = shop.request("GET", f"{SEGMENTS}{number}/members/")[1]["results"][0]["data"]
    assert (data["tags"], data["category"]) == (["red", "new"], "running")
    assert data["price"] == {"amount": 129.99, "currency": "USD"}


def test_a_segment_that_was_never_computed_has_no_members(shop):
    empty = {"count": 0, "results": [], "next_cursor": None, "last_computed_at": None}
    assert shop.request("GET", f"{SEGMENTS}{made(shop)}/members/") == (200, empty)


def test_members_come_fifty_at_a_time_and_the_first_computes_cursor_is_the_offset(shop):
    products = [{"sku": f"MORE-{number:03}", "name": "More"} for number in range(120)]
    shop.request("POST", "/api/pim/products/bulk/", {"products": products})
    number = computed(shop, ALL)
    path = f"{SEGMENTS}{number}/members/"
    pages = [shop.request("GET", path)[1]]
    while pages[-1]["next_cursor"] is not None:
        pages.append(shop.request("GET", f"{path}?cursor={pages[-1]['next_cursor']}")[1])
    assert [page["next_cursor"] for page in pages] == [50, 100, None]
    assert [page["count"] for page in pages] == [125] * 3
    skus = [each["sku"] for page in pages for each in page["results"]]
    assert skus == sorted(skus) and len(skus) == 125
    assert len(skus_of(shop, number, "?limit=1000")) == 125
    assert shop.request("GET", f"{path}?limit=2&cursor=0")[1]["next_cursor"] == 2


def test_a_cursor_stays_with_the_compute_it_began_in(shop):
    number = computed(shop, ALL)
    path = f"{SEGMENTS}{number}/members/?limit=2"
    cursor = shop.request("GET", path)[1]["next_cursor"]
    shop.request("POST", "/api/pim/products/", {"sku": "AAA", "name": "First of all"})
    compute(shop, number)
    code, page = shop.request("GET", f"{path}&cursor={cursor}")
    assert (code, page["count"]) == (200, 5)
    assert [each["sku"] for each in page["results"]] == ["SKU-003", "SKU-004"]
    begun = shop.request("GET", path)[1]
    assert (begun["count"], [each["sku"] for each in begun["results"]]) == (6, ["AAA", "SKU-001"])
    assert skus_of(shop, number, f"?limit=2&cursor={begun['next_cursor']}") == ["SKU-002", "SKU-003"]


def test_a_product_deleted_since_is_left_out_and_the_count_stays(shop):
    number = computed(shop, is_active=False)
    product = shop.request("GET", "/api/pim/products/?sku=SKU-001")[1]["results"][0]
    assert shop.request("DELETE", f"/api/pim/products/{product['id']}/")[0] == 204
    _, page = shop.request("GET", f"{SEGMENTS}{number}/members/")
    assert (page["count"], [each["sku"] for each in page["results"]]) == (2, ["SKU-002"])


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "cursor=1.5", f"cursor={10**30}", "cursor=7000000000"])
def test_a_broken_cursor_is_refused(shop, query):
    code, answer = shop.request("GET", f"{SEGMENTS}{computed(shop)}/members/?{query}")
    assert (code, list(answer)) == (422, ["cursor"])


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_a_page_has_a_size_within_bounds(shop, limit):
    code, answer = shop.request("GET", f"{SEGMENTS}{made(shop)}/members/?limit={limit}")
    assert (code, list(answer)) == (422, ["limit"])


# Of one product -------------------------------------------------------------------------------------------------------


def test_a_product_tells_its_segments(shop):
    inside = computed(shop, name="Inside")
    computed(shop, leaf(property="category", operator="eq", value="casual"), name="Outside")
    made(shop, ALL, name="Never computed", is_active=False)
    product = shop.request("GET", "/api/pim/products/?sku=SKU-001")[1]["results"][0]
    code, found = shop.request("GET", f"/api/pim/products/{product['id']}/segments/")
    assert code == 200
    assert [(each["id"], each["name"]) for each in found] == [(inside, "Inside")]
    assert re.fullmatch(TIME, found[0]["last_computed_at"])
    assert shop.request("GET", "/api/pim/products/999999999/segments/")[0] == 404


def test_an_explanation_shows_each_condition_with_what_it_saw(shop):
    number = computed(shop)
    code, explained = shop.request("GET", f"{SEGMENTS}{number}/explain/?sku=SKU-003")
    assert code == 200
    assert explained == {
        "sku": "SKU-003",
        "matches": False,
        "in_computed_set": False,
        "conditions": [
            {
                "path": "definition.conditions[0]",
                "type": "product_attribute",
                "property": "category",
                "operator": "eq",
                "value": "running",
                "seen": "running",
                "result": True,
            },
            {
                "path": "definition.conditions[1]",
                "type": "product_attribute",
                "property": "price",
                "operator": "lte",
                "value": 150,
                "seen": explained["conditions"][1]["seen"],
                "result": False,
            },
        ],
        "groups": [{"path": "definition", "logic": "AND", "result": False}],
    }
    assert "150.01" in str(explained["conditions"][1]["seen"])
    code, explained = shop.request("GET", f"{SEGMENTS}{number}/explain/?sku=SKU-001")
    assert (explained["matches"], explained["in_computed_set"]) == (True, True)


def test_an_explanation_shows_groups_negations_and_missing_values(shop):
    inner = computed(shop)
    definition = {
        "logic": "OR",
        "conditions": [
            {"not": {"conditions": [leaf(property="price", operator="is_set"), reading(inner)]}},
            {"type": "sku_list", "value": ["SKU-004"]},
        ],
    }
    number = made(shop, definition)
    _, explained = shop.request("GET", f"{SEGMENTS}{number}/explain/?sku=SKU-005")
    assert [(each["path"], each["logic"], each["result"]) for each in explained["groups"]] == [
        ("definition", "OR", True),
        ("definition.conditions[0]", "NOT", True),
        ("definition.conditions[0].not", "AND", False),
    ]
    missing = explained["conditions"][0]
    assert missing["path"] == "definition.conditions[0].not.conditions[0]"
    assert (missing["seen"], missing["result"]) == (None, False)
    assert (explained["matches"], explained["in_computed_set"]) == (True, False)


def test_an_explanation_shows_which_of_the_segments_hold_the_product_its_bucket_and_its_sku(shop):
    running, casual, never = (
        computed(shop),
        computed(shop, leaf(property="category", operator="eq", value="casual")),
        made(shop),
    )
    definition = {
        "conditions": [
            reading(never, casual, running),
            reading(casual, never, operator="not_in"),
            {"not": {"type": "random_bucket", "value": 0, "seed": "autumn"}},
            {"type": "sku_list", "value": ["SKU-001"]},
        ]
    }
    _, explained = shop.request("GET", f"{SEGMENTS}{made(shop, definition)}/explain/?sku=SKU-001")
    seen = [each["seen"] for each in explained["conditions"]]
    assert (seen[:2], seen[3]) == ([[running], None], "SKU-001")
    assert 0 <= seen[2] < 100
    assert [each["result"] for each in explained["conditions"]] == [True, True, False, True]
    assert explained["matches"]


def test_what_is_not_there_cannot_be_explained(shop):
    number = made(shop)
    assert shop.request("GET", f"{SEGMENTS}{number}/explain/?sku=NOBODY")[0] == 404
    assert shop.request("GET", f"{SEGMENTS}999999999/explain/?sku=SKU-001")[0] == 404
    assert list(shop.request("GET", f"{SEGMENTS}{number}/explain/")[1]) == ["sku"]


# The schema they read -------------------------------------------------------------------------------------------------


def without(name):
    return {"fields": [field for field in SCHEMA["fields"] if field["name"] != name]}


def test_a_field_an_active_segment_reads_is_not_taken_away_unless_forced(shop):
    number = made(shop, name="Reader")
    code, answer = shop.request("PUT", "/api/pim/schema/", without("category"))
    assert (code, list(answer)) == (409, ["fields"])
    assert f'"category" is read by the segment "Reader" ({number})' in answer["fields"][0]
    assert answer["fields"][0].endswith("; send ?force=true to replace it anyway")
    assert len(shop.request("GET", "/api/pim/schema/")[1]["fields"]) == 5

    code, answer = shop.request("PUT", "/api/pim/schema/?force=true", without("category"))
    assert code == 200
    assert len(answer["warnings"]) == 1
    assert f'"category" is read by the segment "Reader" ({number})' in answer["warnings"][0]
    code, answer = shop.request("PUT", "/api/pim/schema/", without("category"))
    assert (code, "warnings" in answer) == (200, False)


def test_a_field_of_another_type_is_taken_away_too_where_the_condition_does_not_suit_it(shop):
    made(shop, leaf(property="category", operator="contains", value="run"))
    retyped = {
        "fields": [{**field, "type": "number"} if field["name"] == "category" else field for field in SCHEMA["fields"]]
    }
    assert shop.request("PUT", "/api/pim/schema/", retyped)[0] == 409
    suits = {
        "fields": [{**field, "type": "url"} if field["name"] == "category" else field for field in SCHEMA["fields"]]
    }
    code, answer = shop.request("PUT", "/api/pim/schema/", suits)
    assert (code, "warnings" in answer) == (200, False)


def test_an_inactive_segment_only_warns(shop):
    made(shop, is_active=False)
    code, answer = shop.request("PUT", "/api/pim/schema/", without("price"))
    assert code == 200
    assert '"price" is read by' in answer["warnings"][0]


def test_a_confirmed_import_is_not_refused_and_warns_each_time_it_is_sent(shop):
    made(shop, name="Reader")
    _, draft = shop.upload(b"Code,Title\nA,B\n")
    confirm = {"mapping": {"Code": "sku", "Title": "name"}, "schema": without("price")["fields"]}
    path = f"/api/pim/import/{draft['job_id']}/confirm/"
    code, answer = shop.request("POST", path, confirm)
    assert (code, answer["status"]) == (200, "pending")
    assert '"price" is read by the segment "Reader"' in answer["warnings"][0]
    assert shop.request("POST", path, confirm) == (200, answer)


def test_another_workspaces_segments_are_not_there(shop, other_walk):
    number = computed(shop)
    theirs = type(shop)(shop.client, other_walk.api_key, shop.drain)
    assert theirs.request("GET", SEGMENTS) == (200, [])
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "compute/"), ("GET", "members/")):
        assert theirs.request(method, f"{SEGMENTS}{number}/{path}", {} if method == "PATCH" else None)[0] == 404
    assert list(theirs.request("POST", f"{SEGMENTS}preview/", reading(number))[1]) == ["value"]
