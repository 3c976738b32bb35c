"""``/docs`` as HTML: the OpenAPI document, written out for people. Pure; every value of the document is escaped."""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from http import HTTPStatus
from typing import Any

import orjson

Json = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #5b6570; --paper: #ffffff; --raised: #f4f6f8;
  --line: #d5dbe1; --accent: #0a58b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --quiet: #a3adb7; --paper: #15181b; --raised: #1f2428;
  --line: #3a424a; --accent: #7ab5ff; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 0 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
h1 { margin: 2rem 0 .5rem; font-size: 1.9rem; }
h2 { margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 2px solid var(--line); font-size: 1.5rem; }
h3 { margin: 2.2rem 0 .4rem; font-size: 1.1rem; }
h4 { margin: 1.2rem 0 .3rem; font-size: .95rem; color: var(--quiet); }
code, pre { font: .9rem/1.45 ui-monospace, monospace; }
code { padding: .05rem .25rem; border-radius: .2rem; background: var(--raised); }
pre { margin: .3rem 0 0; padding: .8rem; overflow: auto; max-height: 24rem; border: 1px solid var(--line);
  border-radius: .3rem; background: var(--raised); overflow-wrap: normal; }
pre code { padding: 0; }
h3 code { padding: 0; background: none; font-size: 1.1rem; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; color: var(--accent); }
.summary { margin: 0; font-weight: 600; }
nav ul { padding-left: 1.2rem; }
nav a code { background: none; }
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
caption { text-align: left; font-weight: 600; color: var(--quiet); padding: .8rem 0 .2rem; }
th, td { padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 500; }
tbody th { font-weight: 500; }
.quiet { color: var(--quiet); }
@media (max-width: 40rem) {
  thead { position: absolute; left: -100rem; }
  tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  tbody th, td { display: block; padding: 0; border: 0; }
}
"""
"""In the page itself; its hash is in the page's Content-Security-Policy."""


def page(document: Json, *, document_url: str) -> str:
    """The whole page: contents, every operation by tag, then the shapes their bodies have."""
    info = document["info"]
    groups = list(_by_tag(document))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])} API</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the operations</a>
<header>
<h1>{escape(info["title"])} API <span class="quiet">{escape(info["version"])}</span></h1>
{_prose(info["description"])}
<p>For machines: <a href="{escape(document_url)}">the same as OpenAPI {escape(document["openapi"])}</a>.</p>
</header>
<nav aria-label="Contents">
{"".join(_contents(name, operations) for name, _, operations in groups)}
<p><a href="#shapes">Shapes</a></p>
</nav>
<main id="main">
{"".join(_group(document, *group) for group in groups)}
{_shapes(document)}
</main>
</body>
</html>
"""


Operation = tuple[str, str, Json]
"""Method in capitals, path, and what the document says of it."""


def _by_tag(document: Json) -> Iterator[tuple[str, str, list[Operation]]]:
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag in document["tags"]:
        yield tag["name"], tag["description"], [each for each in operations if tag["name"] in each[2]["tags"]]


def _contents(name: str, operations: Iterable[Operation]) -> str:
    lines = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">{escape(operation["summary"])}</a>'
        f' <span class="quiet"><code>{method} {escape(path)}</code></span></li>\n'
        for method, path, operation in operations
    )
    return f'<p><a href="#tag-{_anchor(name)}">{escape(name)}</a></p>\n<ul>\n{lines}</ul>\n'


def _group(document: Json, name: str, text: str, operations: Iterable[Operation]) -> str:
    told = "".join(_operation(document, *each) for each in operations)
    return f'<section id="tag-{_anchor(name)}">\n<h2>{escape(name)}</h2>\n{_prose(text)}\n{told}</section>\n'


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    pieces = [
        f'<h3><span class="method">{method}</span> <code>{escape(path)}</code></h3>',
        _prose(operation["description"]),
        _table("Parameters", ("Name", "Type", "What it says"), map(_parameter, operation.get("parameters", ()))),
    ]
    if "requestBody" in operation:
        pieces += [_content("Request", operation["requestBody"]["content"])]
    refusals = []
    for code, given in operation["responses"].items():
        response = _resolved(document, given)
        if int(code) < HTTPStatus.BAD_REQUEST:
            pieces.append(_answer(code, response))
        else:
            refusals.append((f"<code>{code}</code>", escape(_status(code)), _inline(response["description"])))
    pieces.append(_table("Errors", ("Code", "Name", "When"), refusals))
    body = "\n".join(piece for piece in pieces if piece)
    return f'<article id="{escape(operation["operationId"])}">\n{body}\n</article>\n'


def _parameter(parameter: Json) -> tuple[str, str, str]:
    needed = "" if parameter.get("required") else ", optional"
    name = f"<code>{escape(parameter['name'])}</code>"
    where = f'<span class="quiet">{escape(parameter["in"])}{needed}</span>'
    return f"{name} {where}", kind(parameter["schema"]), _inline(parameter.get("description", ""))


def _answer(code: str, response: Json) -> str:
    headers = _table(
        "",
        ("Header", "What it says"),
        (
            (f"<code>{escape(name)}</code>", _inline(of["description"]))
            for name, of in response.get("headers", {}).items()
        ),
    )
    return _content(f"Answer {code} {_status(code)}", response.get("content", {})) + headers


def _content(title: str, content: Json) -> str:
    pieces = [f"<h4>{escape(title)}</h4>"]
    for media_type, given in content.items():
        pieces.append(f"<p><code>{escape(media_type)}</code>: {kind(given['schema'])}</p>")
        if "example" in given:
            pieces.append(_json(given["example"]))
        elif "properties" in given["schema"]:
            pieces.append(_fields(given["schema"]))
    if not content:
        pieces.append("<p>Without a body.</p>")
    return "\n".join(pieces)


def _shapes(document: Json) -> str:
    told = "".join(
        f'<article id="shape-{_anchor(name)}">\n<h3><code>{escape(name)}</code></h3>\n'
        f"{_prose(schema.get('description', ''))}\n{_fields(schema) or f'<p>{kind(schema)}</p>'}\n</article>\n"
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    return f'<section id="shapes">\n<h2>Shapes</h2>\n<p>What bodies are made of.</p>\n{told}</section>\n'


def _fields(schema: Json) -> str:
    required = schema.get("required", ())
    return _table(
        "",
        ("Field", "Type", "What it says"),
        (
            (
                f"<code>{escape(name)}</code>" + ("" if name in required else ' <span class="quiet">optional</span>'),
                kind(field),
                _inline(field.get("description", "") if isinstance(field, Mapping) else ""),
            )
            for name, field in schema.get("properties", {}).items()
        ),
    )


def _table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already; nothing without rows."""
    told = [[*row] for row in rows]
    if not told:
        return ""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "\n".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in told
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def kind(schema: Any) -> str:
    """A schema in a few words of HTML: its type, the shape it is, and its bounds."""
    if not isinstance(schema, Mapping):
        return "anything"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#shape-{_anchor(name)}">{escape(name)}</a>'
    if "const" in schema:
        return f"<code>{_word(schema['const'])}</code>"
    if words := schema.get("enum"):
        return "one of " + ", ".join(f"<code>{_word(each)}</code>" for each in words) + _bounds(schema)
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return " or ".join(map(kind, choices)) + _bounds(schema)
    return _named(schema) + _bounds(schema)


def _named(schema: Json) -> str:
    match schema.get("type"):
        case "array" if "items" in schema:
            return f"list of {kind(schema['items'])}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return f"object of {kind(schema['additionalProperties'])}"
        case [*kinds]:
            return " or ".join(escape(str(each)) for each in kinds)
        case None:
            return "anything"
        case word:
            return escape(str(word))


_BOUNDS = {
    "format": "{}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "matches {}",
    "default": "default {}",
}


def _bounds(schema: Json) -> str:
    told = [
        words.format(_word(schema[name]) if name in {"default", "pattern"} else escape(str(schema[name])))
        for name, words in _BOUNDS.items()
        if name in schema and schema[name] is not None
    ]
    return f' <span class="quiet">({", ".join(told)})</span>' if told else ""


def _word(value: Any) -> str:
    return escape(value if isinstance(value, str) and value else orjson.dumps(value).decode())


def _json(value: Any) -> str:
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _prose(text: str) -> str:
    return "\n".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _resolved(document: Json, given: Json) -> Json:
    """A response, of the components where it refers to them; words of its own come before theirs."""
    if "$ref" not in given:
        return given
    return {**document["components"]["responses"][given["$ref"].rpartition("/")[2]], **given}


def _status(code: str) -> str:
    return HTTPStatus(int(code)).phrase


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
