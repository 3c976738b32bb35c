"""Skuloom's functions: the HTTP API, the queue functions and the tick. Everything else is in ``chalicelib``."""

from chalice.app import Chalice

from chalicelib.api import (
    docs,
    downloads,
    health,
    import_templates,
    pim,
    pim_products,
    product_segments,
    suppliers,
    uploads,
    v1_imports,
    v1_pending_eans,
)
from chalicelib.triggers import blueprint as triggers

app = Chalice(app_name="skuloom")
app.api.binary_types = ["multipart/form-data", "application/octet-stream"]

for blueprint in (
    docs.blueprint,
    downloads.blueprint,
    health.blueprint,
    import_templates.blueprint,
    pim.blueprint,
    pim_products.blueprint,
    product_segments.blueprint,
    suppliers.blueprint,
    uploads.blueprint,
    v1_imports.blueprint,
    v1_pending_eans.blueprint,
    triggers,
):
    app.register_blueprint(blueprint)
