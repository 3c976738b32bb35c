"""How files are read on every way they come: found out, told, and said otherwise (``docs/reading.md``)."""

import pytest

from tests.site import Site, answer

WIZARD = "/api/pim/import/csv/"
UPLOAD = "/api/v1/imports/upload"
TEXT = "Réf;Désignation;Prix\nA1;Fauteuil “Été” – 3€;10,50\nA2;Chaise bleue;20,00\n"
HEADERS = ["Réf", "Désignation", "Prix"]
WESTERN = TEXT.encode("cp1252")
POLISH = "Kod;Nazwa;Cena\nA1;Krzesło ogrodowe żółte;10,50\nA2;Stół dębowy;20,00\n".encode("cp1250")
LIST = '[{"ean": "3760000000017", "title": "Fauteuil “Été”"}]'
ELEMENTS = "<l><p><ean>1</ean><title>Krzesło żółte</title></p><p><ean>2</ean></p></l>"
DECLARED = '<?xml version="1.0" encoding="windows-1251"?><l><p><a>Стул</a></p><p><a>Стол</a></p></l>'
DETECTED = {
    "format": "csv",
    "encoding": "windows-1252",
    "bom": False,
    "delimiter": ";",
    "quotechar": '"',
    "escapechar": None,
    "header": True,
    "header_line": 1,
    "sheet": None,
    "record_path": None,
}


# The wizard -----------------------------------------------------------------------------------------------------------


def test_the_wizard_names_the_encoding_the_place_and_the_way_on(api):
    code, refused = api.upload(WESTERN)
    assert code == 400
    assert {name: value for name, value in refused.items() if name != "file"} == {
        "likely_encoding": "windows-1252",
        "byte_offset": 1,
        "line": 1,
        "retry_with": {"encoding": "windows-1252"},
    }
    [text] = refused["file"]
    assert "byte 1, on line 1" in text
    assert "Windows-1252 (Western European)" in text
    assert "encoding=windows-1252" in text
    assert api.request("GET", "/api/pim/import/")[1] == []


@pytest.mark.parametrize("content", [WESTERN, POLISH, TEXT.encode("utf-16"), "品番,品名\n1,ﾃｰﾌﾞﾙ 白\n".encode("cp932")])
def test_what_the_wizard_says_to_send_converts_the_file(api, content):
    code, refused = api.upload(content)
    assert code == 400
    code, draft = api.send_form("POST", WIZARD, content, **refused["retry_with"])
    assert code == 200, draft
    text = content.decode(refused["likely_encoding"]).removeprefix("\ufeff")
    assert draft["headers"] == text.split("\n")[0].replace(",", ";").split(";")
    assert draft["detected"]["encoding"] == refused["likely_encoding"]
    assert all(value in text for row in draft["sample_rows"] for value in row.values())


def test_an_encoding_may_be_in_the_query(api):
    code, draft = api.send_form("POST", f"{WIZARD}?encoding=ANSI", WESTERN)
    assert (code, draft["headers"], draft["detected"]) == (200, HEADERS, DETECTED)
    _, job = api.request("GET", f"/api/pim/import/{draft['job_id']}/")
    assert job["detected"] == DETECTED


def test_a_converted_file_is_imported_as_it_reads(api):
    _, draft = api.send_form("POST", WIZARD, WESTERN, encoding="windows-1252")
    confirm = {"mapping": {"Réf": "sku", "Désignation": "name", "Prix": None}}
    assert api.request("POST", f"/api/pim/import/{draft['job_id']}/confirm/", confirm)[0] == 200
    api.drain()
    products = api.request("GET", "/api/pim/products/")[1]["results"]
    assert {each["name"] for each in products} == {"Fauteuil “Été” – 3€", "Chaise bleue"}


@pytest.mark.parametrize(
    ("content", "fields", "code", "named"),
    [
        (WESTERN, {"encoding": "utf-8"}, 400, "file"),
        (WESTERN, {"encoding": "shift_jis"}, 400, "file"),
        (WESTERN, {"encoding": "klingon"}, 400, "file"),
        (WESTERN, {"encoding": "not an encoding"}, 422, "encoding"),
        (WESTERN, {"encoding": "utf-16"}, 400, "file"),
        (TEXT.encode(), {"delimiter": ";;"}, 422, "delimiter"),
        (TEXT.encode(), {"delimiter": "\0"}, 422, "delimiter"),
        (TEXT.encode(), {"quotechar": "x"}, 422, "quotechar"),
        (TEXT.encode(), {"quotechar": "\0"}, 422, "quotechar"),
        (TEXT.encode(), {"skip_header_rows": "-1"}, 422, "skip_header_rows"),
        (TEXT.encode(), {"delimiter": "|", "quotechar": "|"}, 400, "file"),
        ("sku;name\nA;Größe\nB;Müller\n".encode() + b"C;Stra\xdfe\n", {}, 400, "file"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(api, content, fields, code, named):
    answered, refused = api.send_form("POST", WIZARD, content, **fields)
    assert (answered, next(iter(refused))) == (code, named), refused
    assert "retry_with" not in refused
    assert api.request("GET", "/api/pim/import/")[1] == []


def test_a_wrong_encoding_says_where(api):
    _, refused = api.send_form("POST", WIZARD, "a,b\n1,2\n3,Été\n".encode("cp1252"), encoding="utf8")
    assert (refused["byte_offset"], refused["line"]) == (10, 3)


@pytest.mark.parametrize(
    ("content", "fields", "headers"),
    [
        (b"sku|name\nA|x\n", {"delimiter": ","}, ["sku|name"]),
        (b"Prices 2026\nsku,name,price\nA,x,1\nB,y,2\n", {}, ["sku", "name", "price"]),
        (b"Prices 2026\nsku,name,price\nA,x,1\nB,y,2\n", {"skip_header_rows": "0"}, ["Prices 2026"]),
        (b"Prices 2026\nsku,name,price\nA,x,1\nB,y,2\n", {"skip_header_rows": "2"}, ["A", "x", "1"]),
        (b'"sku",name\nA,x\n', {"quotechar": "none"}, ['"sku"', "name"]),
        (b"'s,ku',name\n'A',x\n", {"quotechar": "'"}, ["s,ku", "name"]),
        (b"sku\tname\nA\tx\n", {"delimiter": "tab"}, ["sku", "name"]),
        (
            b"sku,name\nA,x\n",
            {"delimiter": "", "encoding": "", "quotechar": "", "skip_header_rows": ""},
            ["sku", "name"],
        ),
    ],
)
def test_every_finding_of_the_wizard_can_be_said_otherwise(api, content, fields, headers):
    code, draft = api.send_form("POST", WIZARD, content, **fields)
    assert (code, draft["headers"]) == (200, headers)


# The others -----------------------------------------------------------------------------------------------------------


def mapping_of(api, job_id: str) -> dict:
    return api.request("GET", f"/api/v1/imports/{job_id}/mapping")[1]


def test_an_upload_is_read_as_what_it_is(api):
    code, made = api.send_form("POST", UPLOAD, WESTERN)
    assert (code, made["detected"]) == (201, DETECTED)
    assert "was read as windows-1252" in made["notes"][0]
    read = mapping_of(api, made["id"])
    assert (read["headers"], read["detected"]) == (HEADERS, DETECTED)
    assert read["sample_rows"][0]["Désignation"] == "Fauteuil “Été” – 3€"


def test_a_refusal_of_another_api_says_where_too(api):
    damaged = '[{"sku": "A", "name": "Größe"},\n{"sku": "B", "name": "Müller"}'.encode() + b',\n{"sku": "Stra\xdfe"}]'
    code, refused = api.send_form("POST", UPLOAD, damaged)
    assert (code, refused["error"]) == (400, "unreadable_file")
    assert refused["details"] == {"byte_offset": damaged.index(b"\xdf"), "line": 3}


DAMAGED = "sku;name;price\nA;Größe;1\nB;Müller;2\n".encode() + b"C;Stra\xdfe;3\nD;Haus;4\xa4\n" + "E;Tür;5\n".encode()


def test_a_bad_byte_costs_its_row_and_no_other(api):
    mapping = '{"sku": "sku", "name": "title", "price": "price"}'
    code, made = api.send_form("POST", "/api/v1/imports", DAMAGED, mapping=mapping)
    assert code in {200, 201, 202}, made
    api.drain()
    job = api.request("GET", f"/api/v1/imports/{made['id']}")[1]
    assert (job["status"], job["total_rows"], job["error_rows"]) == ("completed_with_errors", 5, 2)
    products = api.request("GET", "/api/pim/products/")[1]["results"]
    assert {each["name"] for each in products} == {"Größe", "Müller", "Tür"}
    errors = api.request("GET", f"/api/v1/imports/{made['id']}/errors")[1]["data"]
    found = {(each["row"], each["error_type"], each["field"]) for each in errors}
    assert found == {(3, "encoding_error", "title"), (4, "encoding_error", "price")}
    assert all("not UTF-8" in each["message"] for each in errors)


def test_what_a_damaged_file_lacks_is_told_before(api):
    code, made = api.send_form("POST", UPLOAD, DAMAGED)
    assert code == 201
    [note] = [note for note in made["notes"] if "not UTF-8" in note]
    assert "2 rows hold bytes that are not UTF-8" in note
    assert "the first is row 3" in note
    read = mapping_of(api, made["id"])
    assert read["sample_rows"][2]["name"] == "Stra\u2400e"


def test_the_wizard_takes_no_damaged_file(api):
    code, refused = api.upload(DAMAGED)
    assert code == 400
    assert (refused["byte_offset"], refused["line"]) == (DAMAGED.index(b"\xdf"), 4)
    assert "Most of the file is UTF-8" in refused["file"][0]
    assert "retry_with" not in refused
    assert api.send_form("POST", WIZARD, DAMAGED, encoding="utf-8")[0] == 400


# A file without a header ----------------------------------------------------------------------------------------------

PLAIN = "A1;Fauteuil bleu deux places;10,50\nA2;Chaise de jardin;20,00\nA3;Table basse;99,90\nA4;Lampe;5,00\n"


@pytest.mark.parametrize(
    ("content", "said", "headers", "rows"),
    [
        (PLAIN, {}, ["column_1", "column_2", "column_3"], 4),
        (PLAIN, {"header": "true"}, ["A1", "Fauteuil bleu deux places", "10,50"], 3),
        (TEXT, {"header": "false"}, ["column_1", "column_2", "column_3"], 3),
        (TEXT, {"header": ""}, HEADERS, 2),
    ],
)
def test_whether_there_is_a_header_is_found_out_or_said(api, content, said, headers, rows):
    code, draft = api.send_form("POST", WIZARD, content.encode(), **said)
    assert (code, draft["headers"], draft["row_count"]) == (200, headers, rows)
    assert draft["detected"]["header"] == (headers[0] != "column_1")
    code, made = api.send_form("POST", UPLOAD, content.encode(), **said)
    assert (code, mapping_of(api, made["id"])["headers"]) == (201, headers)


def test_a_file_without_a_header_is_imported_whole(api):
    _, draft = api.send_form("POST", f"{WIZARD}?header=false", PLAIN.encode())
    confirm = {"mapping": {"column_1": "sku", "column_2": "name", "column_3": None}}
    assert api.request("POST", f"/api/pim/import/{draft['job_id']}/confirm/", confirm)[0] == 200
    api.drain()
    products = api.request("GET", "/api/pim/products/")[1]["results"]
    assert {each["sku"] for each in products} == {"A1", "A2", "A3", "A4"}


def test_a_file_that_is_imported_at_once(api):
    code, made = api.send_form("POST", "/api/v1/imports", POLISH, mapping='{"Kod": "sku", "Nazwa": "title"}')
    assert code in {200, 201, 202}, made
    api.drain()
    products = api.request("GET", "/api/pim/products/")[1]["results"]
    assert {each["name"] for each in products} == {"Krzesło ogrodowe żółte", "Stół dębowy"}


def test_a_file_that_arrives_by_itself(api, services, embedded):
    body = {"name": "catalog.csv", "size": len(POLISH), "type": "text/csv"}
    _, expected = api.request("POST", "/api/v1/uploads", body)
    embedded.s3.put_object(Bucket=services.settings.bucket, Key=expected["fields"]["key"], Body=POLISH)
    api.drain()
    read = mapping_of(api, expected["id"])
    assert (read["headers"], read["detected"]["encoding"]) == (["Kod", "Nazwa", "Cena"], "windows-1250")


def test_a_file_at_an_address(api, site: Site):
    url = site.page("/products.csv", answer(POLISH))
    _, made = api.request("POST", "/api/v1/imports/upload-from-url", {"url": url})
    assert made["detected"] is None
    api.drain()
    assert mapping_of(api, made["id"])["detected"]["encoding"] == "windows-1250"


@pytest.mark.parametrize(
    ("text", "encoding", "name", "detected"),
    [
        (LIST, "cp1252", "a.json", "windows-1252"),
        (ELEMENTS, "cp1250", "a.xml", "windows-1250"),
        (DECLARED, "cp1251", "a.xml", "windows-1251"),
        (LIST, "utf-16", "a.json", "utf-16le"),
        (ELEMENTS, "utf-32", "a.xml", "utf-32le"),
    ],
)
def test_files_of_other_formats_are_read_as_what_they_are(api, text, encoding, name, detected):
    code, made = api.send_form("POST", UPLOAD, text.encode(encoding), name)
    assert (code, made["detected"]["encoding"]) == (201, detected)


def test_a_template_keeps_how_files_are_read(api):
    reading = {"encoding": "cp1250", "quotechar": "none", "skip_header_rows": 0, "delimiter": "tab"}
    _, template = api.request(
        "POST", "/api/v1/import-templates", {"name": "A", "column_mapping": {"kod": "sku", "nazwa": "title"}, **reading}
    )
    assert {name: template[name] for name in reading} == {**reading, "delimiter": "\t"}
    content = 'kod\tnazwa\n"A\tSt\u00f3\u0142 19"\n'.encode("cp1250")
    _, made = api.send_form("POST", UPLOAD, content, template_id=template["id"])
    assert (made["detected"]["quotechar"], made["detected"]["encoding"]) == ("none", "windows-1250")
    _, made = api.send_form("POST", UPLOAD, b"kod,nazwa\nA,x\n", template_id=template["id"], delimiter=",")
    assert (made["detected"]["delimiter"], made["detected"]["encoding"]) == (",", "windows-1250")
