/** The assistant of the playground: chosen or made, and what a run changes of it. */

import { all, post, Refusal } from "./api.js";
import { field, h, line, problem } from "./dom.js";

const TOOLS = '[{"type": "function", "function":\n  {"name": "get_weather"}}]';
const option = (value, text = value) => h("option", { value }, text);
const area = (name, rows, placeholder = "") => h("textarea.code", { name, placeholder, rows, spellcheck: false });

function json(title, text, fits, wanted) {
	try {
		const value = JSON.parse(text);
		if (fits(value)) return value;
	} catch (error) {
		throw new Refusal(`${title}: this is no JSON`, error.message);
	}
	throw new Refusal(`${title}: this is something else`, wanted);
}

/** Make the form: `read` gives its values, `assistant` the one to run and its changes; `done` notes it. */
export async function setup(signal, done) {
	const known = new Map();
	const shape = field("Schema", area("schema", 5, '{"name": "city", "schema": {}}'));
	const formats = ["auto", "text", "json_object", "json_schema"].map((one) => option(one, one.replace("_", " ")));
	const choice = h("select", { name: "assistant", label: "Assistant", onchange: () => fill(known.get(choice.value)) }, option("", "New assistant"));
	const element = h("form.setup", { label: "Assistant" }, h("details", { open: innerWidth > 1088 }, h("summary", "Assistant"), choice,
		field("Name", line("title")), field("Model", line("model", "gpt-4o")), field("Instructions", area("instructions", 4)),
		field("Files to search", h("select", { name: "store" }, option("", "none"))),
		field("Tools", area("tools", 7, TOOLS), "A list in JSON, as the protocol has it"),
		field("Response format", h("select", { name: "format", onchange: () => (shape.hidden = fields.format.value !== "json_schema") }, formats)), shape));
	const fields = element.elements;
	let base = {};

	function choose(found) {
		known.set(found.id, found);
		choice.append(option(found.id, found.name || found.id));
		choice.value = found.id;
	}

	function fill(one = {}) {
		const format = one.response_format ?? "auto";
		fields.title.value = one.name ?? "";
		fields.model.value = one.model ?? "";
		fields.instructions.value = one.instructions ?? "";
		fields.store.value = one.tool_resources?.file_search?.vector_store_ids?.[0] ?? "";
		fields.tools.value = one.tools?.length ? JSON.stringify(one.tools, null, 2) : "";
		fields.format.value = format.type ?? format;
		fields.schema.value = format.json_schema ? JSON.stringify(format.json_schema, null, 2) : "";
		shape.hidden = !format.json_schema;
		base = one.id ? read() : {};
	}

	function read() {
		const [name, model, store] = [fields.title, fields.model, fields.store].map((one) => one.value.trim());
		if (!model) throw new Refusal("No model", "Write the name of one.");
		const tools = json("Tools", fields.tools.value || "[]", (value) => value?.every?.((one) => one?.type), "Write a list of tools, each with a type.");
		if (store && !tools.some((one) => one.type === "file_search")) tools.push({ type: "file_search" });
		const type = fields.format.value;
		let response_format = type === "auto" ? type : { type };
		if (!shape.hidden) response_format = { type, json_schema: json("Schema", fields.schema.value, (value) => value?.name, "Write an object with name and schema.") };
		return { name, model, instructions: fields.instructions.value, tools, response_format, ...(store && { tool_resources: { file_search: { vector_store_ids: [store] } } }) };
	}

	async function assistant(wanted) {
		let params;
		if (!choice.value) {
			params = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== "auto" && value.length !== 0));
			choose(await post("/assistants", params, signal));
			base = wanted;
		}
		const id = choice.value;
		if (done.findLast((one) => one.kind === "assistant")?.id !== id) done.push({ kind: "assistant", id, params });
		const changed = ["model", "instructions", "tools", "response_format"].filter((key) => JSON.stringify(wanted[key]) !== JSON.stringify(base[key]));
		return { assistant: id, changes: Object.fromEntries(changed.map((key) => [key, wanted[key]])) };
	}

	try {
		const stores = await all("/vector_stores", signal).catch(() => []);
		fields.store.append(...stores.map((one) => option(one.id, one.name || one.id)));
		const found = await all("/assistants", signal);
		found.forEach(choose);
		choice.value = found[0]?.id ?? "";
		fill(found[0]);
	} catch (error) {
		if (!signal.aborted) element.prepend(problem(error));
	}
	return { element, read, assistant };
}
