"""Write `facts.json`: what the published documents say of each operation and schema that the package has.

Run it when the documents change: `python tests/contract/make_facts.py`. It reads `<repository>/../shared/spec`;
protocol v1 is two documents, the first and the last, which are merged: members and enums of both, limits of the
last, required only where both require it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are not worth a dependency

HERE = Path(__file__).parent
SPEC = HERE.parents[2] / "shared" / "spec"
LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")

Facts = dict[str, Any]


class Document:
    """One OpenAPI document, read into facts."""

    def __init__(self, path: Path) -> None:
        self.whole: Facts = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.components: Facts = self.whole["components"]["schemas"]
        self.schemas: Facts = {}

    def facts(self) -> Facts:
        operations = dict(sorted(self.operations()))
        events = {name: self.property(data, name) for name, data in self.events("AssistantStreamEvent")}
        return {
            "operations": operations,
            "events": {name: fact["objects"][0] for name, fact in events.items() if "objects" in fact},
            "schemas": dict(sorted(self.schemas.items())),
        }

    def operations(self) -> Iterator[tuple[str, Facts]]:
        for path, methods in self.whole["paths"].items():
            for method, operation in methods.items():
                yield operation["operationId"], self.operation(method, path, operation)

    def operation(self, method: str, path: str, operation: Facts) -> Facts:
        parameters = operation.get("parameters", [])
        query = {
            item["name"]: self.property(item["schema"], item["name"]) for item in parameters if item["in"] == "query"
        }
        fact: Facts = {"method": method.upper(), "path": path}
        fact["path_parameters"] = [item["name"] for item in parameters if item["in"] == "path"]
        fact["query"] = query
        body = operation.get("requestBody")
        if body is not None:
            ((media, content),) = body["content"].items()
            fact["body"] = self.property(content["schema"], path)["objects"][0]
            fact["body_required"] = body.get("required", False)
            fact["media"] = media
        ((_, answer),) = operation["responses"]["200"]["content"].items()
        fact["response"] = self.property(answer["schema"], path).get("objects", [None])[0]
        return fact

    def events(self, name: str) -> Iterator[tuple[str, Facts]]:
        schema = self.components.get(name, {})
        for member in schema.get("oneOf", [schema] if "properties" in schema else []):
            if "$ref" in member:
                yield from self.events(member["$ref"].rpartition("/")[2])
            else:
                (event,) = member["properties"]["event"]["enum"]
                yield event, member["properties"]["data"]

    def property(self, schema: Facts, path: str) -> Facts:
        fact: Facts = {}
        self.describe(schema, path, fact)
        return fact

    def describe(self, schema: Facts, path: str, fact: Facts) -> None:
        """Add to `fact` the rules of a schema: its limits, enum, null, and the objects that it leads to."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            self.describe(self.components[name], name, fact)
        kinds = schema.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if schema.get("nullable") or "null" in kinds:
            fact["nullable"] = True
        fact.update({limit: schema[limit] for limit in LIMITS if limit in schema})
        alternatives = schema.get("oneOf", []) + schema.get("anyOf", [])
        alternatives = [item for item in alternatives if set(item) != {"required"}]
        open_text = any(item.get("type") == "string" and "enum" not in item for item in alternatives)
        for item in alternatives:
            if not (open_text and self.is_enum(item)):
                self.describe(item, path + _tag(item), fact)
        if "enum" in schema:
            fact["enum"] = sorted({*fact.get("enum", []), *(value for value in schema["enum"] if value is not None)})
        if "properties" in schema:
            self.object(schema, path)
            fact["objects"] = sorted({*fact.get("objects", []), path})
        elif "array" in kinds:
            items = self.property(schema["items"], path)
            if "objects" in items:
                fact["objects"] = sorted({*fact.get("objects", []), *items["objects"]})

    def is_enum(self, schema: Facts) -> bool:
        name = schema.get("$ref", "").rpartition("/")[2]
        return "enum" in (self.components[name] if name else schema)

    def object(self, schema: Facts, path: str) -> None:
        if path in self.schemas:
            return
        self.schemas[path] = fact = {"required": schema.get("required", []), "properties": {}}
        for name, member in schema["properties"].items():
            fact["properties"][name] = self.property(member, f"{path}.{name}")


def _tag(schema: Facts) -> str:
    """Find the mark of an unnamed member of a union, which is put behind the union's path."""
    tags: list[str] = schema.get("properties", {}).get("type", {}).get("enum", [])
    return f".{tags[0]}" if len(tags) == 1 else ""


def merge(first: Facts, last: Facts) -> Facts:
    """Make one version of two documents."""
    schemas = {**first["schemas"], **last["schemas"]}
    for name in first["schemas"].keys() & last["schemas"].keys():
        old, new = first["schemas"][name], last["schemas"][name]
        schemas[name] = {
            "required": [member for member in new["required"] if member in old["required"]],
            "properties": {
                member: _merge_property(old["properties"].get(member, {}), new["properties"].get(member, {}))
                for member in {**new["properties"], **old["properties"]}
            },
        }
    return {**last, "schemas": dict(sorted(schemas.items()))}


def _merge_property(old: Facts, new: Facts) -> Facts:
    fact = {**old, **new}
    for key in ("enum", "objects"):
        if key in fact:
            fact[key] = sorted({*old.get(key, []), *new.get(key, [])})
    return fact


def make() -> Facts:
    """The facts of both versions."""
    first, last, second = (Document(SPEC / f"assistants-{name}.yaml").facts() for name in ("v1", "v1-final", "v2"))
    return {"v1": merge(first, last), "v2": second}


def write(facts: Facts) -> str:
    """As JSON, one operation, event or schema to a line."""
    versions: list[str] = []
    for version, sections in facts.items():
        written = [
            f"  {json.dumps(name)}: {{\n"
            + ",\n".join(f"   {json.dumps(key)}: {json.dumps(entries[key])}" for key in entries)
            + "\n  }"
            for name, entries in sections.items()
        ]
        versions.append(f" {json.dumps(version)}: {{\n" + ",\n".join(written) + "\n }")
    return "{\n" + ",\n".join(versions) + "\n}\n"


if __name__ == "__main__":
    (HERE / "facts.json").write_text(write(make()))
